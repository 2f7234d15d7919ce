"""The newest samples of each device, by which one that comes again is known (docs/adr/0053).

Samples of live hardware leave the processor before they are on its disk. If it dies, it makes those after its last
commit again, of the same frames and so of the same times, under later numbers. To judge them again would be wrong:
what was found of a device since then may be forgotten by now, and an old value would be taken for the newest.

1. Of a device no more than ``SAMPLES_AHEAD`` are ever ahead of the processor's disk. So many of the newest are kept,
   and one that comes again is the newest of them: so every one that may come again is there, however often the
   processor dies.
2. The same time and the same words make the same sample; two that differ in numbers alone have different times.
3. What is played is never ahead, and is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from shared.instants import time_to_us
from shared.messages import StateSample
from shared.sample_words import SAMPLES_AHEAD, sample_words

MOST_DEVICES = 10_000  # the processor's samples of further ones are on its disk before they leave
Identity = tuple[int, int]  # when, and what in words


class RecentSamples:
    """By device, its newest samples. ``touched`` and ``dropped`` collect the devices that changed."""

    def __init__(self, kept: Iterable[tuple[str, tuple[Identity, ...]]] = (), most: int = MOST_DEVICES) -> None:
        self._kept = dict(kept)
        self._most = most
        self.touched: dict[str, None] = {}
        self.dropped: dict[str, None] = {}

    def is_repeat(self, sample: StateSample) -> bool:
        """Whether this very sample has come before; remembers it."""
        if sample.simulated:
            return False
        identity = (time_to_us(sample.time), crc32(repr(sample_words(sample)).encode()))
        known = self._kept.pop(sample.device, ())
        others = tuple(one for one in known if one != identity)
        self._kept[sample.device] = (*others, identity)[-SAMPLES_AHEAD:]
        self.touched[sample.device] = None
        self.dropped.pop(sample.device, None)
        if len(self._kept) > self._most:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self.touched.pop(oldest, None)
            self.dropped[oldest] = None
        return len(others) < len(known)

    def of(self, device: str) -> tuple[Identity, ...]:
        """Return the newest samples of a device, the newest last."""
        return self._kept[device]
