"""A slow read on a thread of its own, so that it delays no other device.

It may be asked for a read at a later time. Then its thread sleeps until that by itself, and nobody has to wake it up:
after a read it expects the next one as much later as that was after the one before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from services.sensor_reader.core.ports import PortError
from services.sensor_reader.core.reading import Reading
from shared.clock import SYSTEM_CLOCK

_LEAVE_S = 1.0
AT_ONCE = float("-inf")
_NEVER = float("inf")
_EARLY_S = 0.001  # a wait may end so much before its time


class BackgroundReader:
    """A ``Correspondent`` that calls ``read`` once for each ``ask``. ``name`` is the thread's.

    ``release`` is called on the thread at the end. The thread is a daemon: one that hangs does not keep the process.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], Reading],
        release: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = SYSTEM_CLOCK.monotonic,
    ) -> None:
        self._read = read
        self._release = release
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._busy = self._closing = False
        self._due: float | None = None  # of the read that was asked for, until it begins
        self._wakes = _NEVER  # when the thread wakes up by itself
        self._outcome: Reading | BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def ask(self, due: float = AT_ONCE) -> bool:
        """Have it read, not before ``due`` (monotonic s); False while one is under way or asked for.

        What the one before answered too late is thrown away.
        """
        with self._changed:
            if self._busy:
                return False
            self._busy, self._outcome, self._due = True, None, due
            if self._wakes > due + _EARLY_S:
                self._changed.notify()
        if not self._thread.ident:
            self._thread.start()
        return True

    def answer(self) -> Reading | PortError | None:
        """Return the outcome, once. An exception that is no PortError is a bug, and raised here."""
        with self._changed:
            outcome, self._outcome = self._outcome, None
        if isinstance(outcome, BaseException) and not isinstance(outcome, PortError):
            raise outcome
        return outcome

    def close(self) -> None:
        """End the thread; one that hangs is abandoned after a second."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.ident:
            self._thread.join(_LEAVE_S)

    def _work(self) -> None:
        before = expected = _NEVER
        while (due := self._next(expected)) is not None:
            before, expected = due, due + (due - before) if before < due else _NEVER
            outcome: Reading | BaseException
            try:
                outcome = self._read()
            except BaseException as error:  # noqa: BLE001  # raised again for the caller
                outcome = error
            with self._changed:
                self._busy, self._outcome = False, outcome
        self._release()

    def _next(self, expected: float) -> float | None:
        """Wait for the next read and return when it was due; None at the end."""
        with self._changed:
            while not self._closing:
                now = self._monotonic()
                if self._due is not None and now >= self._due - _EARLY_S:
                    due, self._due = self._due, None
                    return due
                expected = expected if now < expected else _NEVER
                self._wakes = expected if self._due is None else self._due
                self._changed.wait(None if self._wakes == _NEVER else self._wakes - now)
                self._wakes = AT_ONCE
        return None
