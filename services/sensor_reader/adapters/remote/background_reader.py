"""A read that may take long, on a thread of its own, so that it holds up nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from services.sensor_reader.core.ports import PortError
from services.sensor_reader.core.reading import Reading

_LEAVE_S = 1.0


class BackgroundReader:
    """A ``Correspondent`` that calls ``read`` once for each ``ask``. ``name`` is the thread's.

    ``release`` is called on the thread at the end. The thread is a daemon: one that hangs does not keep the process.
    """

    def __init__(self, name: str, read: Callable[[], Reading], release: Callable[[], None] = lambda: None) -> None:
        self._read = read
        self._release = release
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self._lock = threading.Lock()
        self._busy = False
        self._outcome: Reading | BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def ask(self) -> bool:
        """Begin a read; False while one is under way. What the one before answered too late is thrown away."""
        with self._lock:
            if self._busy:
                return False
            self._busy, self._outcome = True, None
        if not self._thread.ident:
            self._thread.start()
        self._asked.put(True)
        return True

    def answer(self) -> Reading | PortError | None:
        """Return what came of it, once. An exception that is no PortError is a bug, and raised here."""
        with self._lock:
            outcome, self._outcome = self._outcome, None
        if isinstance(outcome, BaseException) and not isinstance(outcome, PortError):
            raise outcome
        return outcome

    def close(self) -> None:
        """End the thread; one that hangs is left behind after a second."""
        self._asked.put(False)
        if self._thread.ident:
            self._thread.join(_LEAVE_S)

    def _work(self) -> None:
        while self._asked.get():
            outcome: Reading | BaseException
            try:
                outcome = self._read()
            except BaseException as error:  # noqa: BLE001  # raised again for the caller
                outcome = error
            with self._lock:
                self._busy, self._outcome = False, outcome
        self._release()
