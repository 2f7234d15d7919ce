"""A service's hop on a thread of its own, for tests that speak to it as a client does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.delivery.endpoint import Endpoint

DEADLINE_S = 90.0


@contextmanager
def at_work(make: Callable[[], Endpoint]) -> Iterator[None]:
    """Take turns with the hop that ``make`` returns on the thread, connected, until the block ends."""
    leave, ready = threading.Event(), threading.Event()

    def work() -> None:
        endpoint = make()
        endpoint.open()
        while not leave.is_set():
            endpoint.turn(0.02)
            if endpoint.connected:
                ready.set()
        endpoint.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert ready.wait(DEADLINE_S), "the service did not connect"
        yield
    finally:
        leave.set()
        thread.join()
