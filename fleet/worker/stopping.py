"""SIGTERM and Ctrl-C end a worker between two transactions, and in any case within ``WITHIN_S``.

A call into the log's or the database's client may last as long as the other side is silent, and Python runs no signal
handler meanwhile. So a thread of its own waits for the signals, and ends the process where the worker has not: nothing
is lost, for SIGKILL is as good.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)
WITHIN_S = 20.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stopping_on_signals(stop: threading.Event, within_s: float = WITHIN_S) -> Iterator[None]:
    """Set ``stop`` at a signal, and end the process with 0 so many seconds later; enter it before any other thread.

    Signals are as they were afterwards: what this process starts then does not inherit that they are blocked.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    left = threading.Event()
    waiter = threading.Thread(target=_wait, args=(stop, left, within_s), name="signals", daemon=True)
    waiter.start()
    try:
        yield
    finally:
        signal.pthread_kill(waiter.ident or 0, signal.SIGTERM)  # it waits, for a signal or for this
        left.set()
        waiter.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(stop: threading.Event, left: threading.Event, within_s: float) -> None:
    signal.sigwait(SIGNALS)
    stop.set()
    if left.wait(within_s):
        return
    log.warning(
        "the log or the database has not answered for %.0f s: the worker ends as it is; nothing is lost, and the group"
        " gives its partitions to others",
        within_s,
    )
    logging.shutdown()
    os._exit(0)
