"""Who reads from the socket: the owner for itself where little comes, the network's thread else (docs/adr/0060).

What the network's thread reads wakes two threads, that one and the owner. An owner that reads for itself is woken once.

Rules:
1. The network's thread connects and subscribes. Then it lends the reading to an owner that waits in ``poll``.
2. Where more than ``FEW`` messages come in ``BUSY_S`` it takes the reading back: it reads while the owner works.
3. An owner that waits for nothing for ``absent_s`` loses the reading: the connection must be kept alive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from shared.mqtt.gathering import BUSY_S, FEW


class Reading:
    """The owner waits on ``ready``; whoever reads says how much has come. Nobody waits here for the network."""

    def __init__(self, monotonic: Callable[[], float], absent_s: float) -> None:
        lock = threading.RLock()
        self.ready = threading.Condition(lock)
        self.lent = False
        self._given_back = threading.Condition(lock)
        self._monotonic = monotonic
        self._absent_s = absent_s
        self._waits = False
        self._waited_at = float("-inf")
        self._came = 0
        self._came_since = float("-inf")
        self._busy_until = float("-inf")

    @property
    def is_quiet(self) -> bool:
        """Whether little has come of late."""
        return self._monotonic() >= self._busy_until

    def came(self, count: int) -> None:
        """Note that so many messages were read."""
        now = self._monotonic()
        if now - self._came_since >= BUSY_S:
            self._came, self._came_since = 0, now
        self._came += count
        if self._came > FEW:
            self._busy_until = now + BUSY_S

    # ---- the owner

    def begin_wait(self) -> None:
        """The owner begins to wait for something."""
        with self.ready:
            self._waits = True

    def end_wait(self) -> None:
        """The owner has something to do."""
        with self.ready:
            self._waits, self._waited_at = False, self._monotonic()

    def give_back(self) -> None:
        """Let the network's thread read."""
        with self.ready:
            if self.lent:
                self.lent = False
                self._given_back.notify()

    # ---- the network's thread

    def lend(self) -> None:
        """Let the owner read, if it waits and little comes; returns when it no longer does."""
        with self.ready:
            if not (self._waits and self.is_quiet):
                return
            self.lent = True
            self.ready.notify()
            while self.lent:
                self._given_back.wait(self._absent_s)
                if not self._waits and self._monotonic() - self._waited_at >= self._absent_s:
                    self.lent = False
