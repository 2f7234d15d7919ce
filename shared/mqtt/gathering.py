"""Lets messages gather in the socket before they are read: who reads them, and is waited for by nobody, wakes seldom.

Rules:
1. After something was read nothing is for as long as was asked for; then all that has come. What comes after a longer
   quiet is read at once.
2. Where more than ``FEW`` messages come in ``BUSY_S``, each is read as it comes: a backlog is not held up.
3. ``catch_up`` ends a wait and returns when what was there has been read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

FEW = 32
BUSY_S = 1.0
CATCH_UP_S = 0.5  # a network thread that takes longer is held up by something else


class Gathering:
    """The network thread waits and reports what it has read; any other thread may ask for more haste."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self.seconds = 0.0
        self._read_at = float("-inf")
        self._waiting = False
        self._wanted = False
        self._came = 0
        self._busy_until = float("-inf")

    def allow(self, seconds: float) -> None:
        """Wait so long from now on; 0: for nothing."""
        with self._changed:
            self.seconds = seconds
            self._changed.notify_all()

    def left_s(self) -> float:
        """How long nothing is to be read."""
        with self._changed:
            return self._left_s()

    def _left_s(self) -> float:
        now = self._monotonic()
        return max(0.0, self._read_at + self.seconds - now) if self.seconds and now >= self._busy_until else 0.0

    def catch_up(self) -> None:
        """Have what is in the socket read now, if the network thread waits for more; returns once it is."""
        with self._changed:
            if self._waiting:
                self._wanted = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: not self._waiting, CATCH_UP_S)

    # ---- the network thread

    def wait(self) -> bool:
        """Wait before the next read; returns whether somebody wants it now."""
        with self._changed:
            if left_s := self._left_s():
                self._waiting = True
                self._changed.wait_for(lambda: self._wanted or not self.seconds, left_s)
            return self._wanted

    def read(self, count: int) -> None:
        """Note how many messages were read."""
        with self._changed:
            self._waiting = self._wanted = False
            self._came += count
            now = self._monotonic()
            self._read_at = now if count else self._read_at
            if now >= self._busy_until:
                self._busy_until = now + BUSY_S if self._came > FEW else self._busy_until
                self._came = 0
            self._changed.notify_all()
