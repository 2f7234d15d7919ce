"""What many look at is worked out once: the live part of a page, for every console that has it open.

A part is worked out at most once in ``LEAST_S``. Whoever asks gets one that was begun after they asked, or one that
nothing has changed since; so nobody is left with less than there was when their question came.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

LEAST_S = 1.0
MOST_PARTS = 64


@dataclass(slots=True)
class _Part:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    text: str = ""
    head: int = -1
    began_s: float = float("-inf")


class SharedParts:
    """``now_s`` is a monotonic clock, ``head`` the number of the last change that there was."""

    def __init__(self, now_s: Callable[[], float], head: Callable[[], int]) -> None:
        self._now_s = now_s
        self._head = head
        self._parts: OrderedDict[str, _Part] = OrderedDict()

    async def get(self, address: str, work_out: Callable[[], Awaitable[str]]) -> str:
        """Return the part at an address."""
        part = self._parts.setdefault(address, _Part())
        self._parts.move_to_end(address)
        if len(self._parts) > MOST_PARTS:
            self._parts.popitem(last=False)
        asked_s = self._now_s()
        async with part.lock:
            age_s = self._now_s() - part.began_s
            if part.began_s >= asked_s or (part.head == self._head() and age_s < LEAST_S):
                return part.text
            if age_s < LEAST_S:
                await asyncio.sleep(LEAST_S - age_s)
            part.began_s, part.head = self._now_s(), self._head()
            part.text = await work_out()
            return part.text
