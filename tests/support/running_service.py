"""A service's hop on a thread of its own, for tests that speak to it as a client does."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from services.counter_store.app import SERVICE as STORE
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.ledger import Ledger
from shared.suite import SuiteSettings

CONFIG = Path(__file__).parents[2] / "config"
DEADLINE_S = 90.0


def store_hop(folder: Path, suite: SuiteSettings, environ: Mapping[str, str] = os.environ) -> Endpoint:
    """Return counter_store's hop over the ledger in a folder, with the shipped settings but for ``environ``'s."""
    context = Context(CONFIG, environ, suite, SYSTEM_CLOCK)
    ledger = Ledger(folder / "ledger.sqlite", STORE.schema)
    endpoint = Endpoint(STORE.route, suite, ledger, context.clock)
    with ledger.transaction():
        handler = STORE.handler(STORE.settings(context), context, ledger, endpoint)
    endpoint.attach(handler)
    return endpoint


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
