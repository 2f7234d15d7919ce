"""The machine's clocks: the wall clock with the uptime beside it, and whether anything has set the wall clock."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from datetime import datetime

from services.sensor_reader.core.ports import ClockMark, Instant

TIME_ERROR = 5  # adjtimex(2): "the system clock is not synchronized to a reliable server"
_TIMEX_BYTES = 512  # more than struct timex has on any machine (208 on 64 bits)
TOGETHER_S = 0.1
TRIES = 5


def _uptime_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # runs on while the machine sleeps, as the wall clock does


def clock_mark() -> ClockMark | None:
    """Ask the kernel whether the wall clock is synchronised; None where it does not say. Asking needs no rights."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (AttributeError, OSError, TypeError):
        return None
    state = adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))  # all zeros: modes = 0, which changes nothing
    return None if state < 0 else "unset" if state == TIME_ERROR else "set"


class LinuxClock:
    """``HostClock`` by ``CLOCK_BOOTTIME`` and adjtimex(2)."""

    def __init__(
        self,
        wall: Callable[[], datetime],
        uptime_s: Callable[[], float] = _uptime_s,
        mark: Callable[[], ClockMark | None] = clock_mark,
    ) -> None:
        self._wall = wall
        self._uptime_s = uptime_s
        self._mark = mark

    def read(self) -> Instant:
        """Return wall clock and uptime. Both are read again after a delay in between, which would look like a jump."""
        for _ in range(TRIES):
            before_s, wall, after_s = self._uptime_s(), self._wall(), self._uptime_s()
            if after_s - before_s <= TOGETHER_S:
                break
        return Instant(wall, round(before_s, 6), self._mark())
