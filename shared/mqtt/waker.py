"""Ends a wait at the socket, from another thread or a signal handler."""

from __future__ import annotations

import contextlib
import os
import select
from typing import Any


class Waker:
    """``asked``: somebody has asked since its owner last looked. Its bytes go only to a wait that is under way."""

    def __init__(self) -> None:
        self.asked = False
        self._waits = False
        self._ends: tuple[int, int] | None = None

    def __del__(self) -> None:
        """Let go of its pipe with the client, also where nobody has closed that."""
        self.close()

    def fileno(self) -> int:
        """The number to wait for; open from the first time on."""
        if self._ends is None:
            self._ends = os.pipe()
            for end in self._ends:
                os.set_blocking(end, False)
        return self._ends[0]

    def wake(self) -> None:
        """End the wait."""
        self.asked = True
        if self._waits and self._ends is not None:
            with contextlib.suppress(OSError):  # full: it is awake
                os.write(self._ends[1], b"\0")

    def select(
        self, stream: Any, wanted: list[Any], timeout_s: float, gather_s: float
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """Wait as ``select`` does, at first for ``gather_s`` without looking at ``stream``; until ``wake`` at most."""
        woken = self.fileno()
        self._waits = True
        try:
            deaf_s = min(gather_s, timeout_s)
            if deaf_s and not self.asked:
                select.select([woken], [], [], deaf_s)
            return select.select([stream, woken], wanted, [], 0.0 if self.asked else timeout_s - deaf_s)
        finally:
            self._waits = False
            self._rest(woken)

    @staticmethod
    def _rest(woken: int) -> None:
        with contextlib.suppress(OSError):
            while os.read(woken, 4096):
                continue

    def close(self) -> None:
        """Let go of its pipe."""
        ends, self._ends = self._ends, None
        for end in ends or ():
            os.close(end)
