"""The newest samples of each device, to recognise a repeated one (docs/adr/0053).

event_processor publishes samples of live hardware before it commits them. If it dies, it makes those after its last
commit again: from the same frames and so with the same times, but under later numbers. To judge them again would be
wrong, because later evidence may be pruned by now, and an old value would be taken for the newest.

1. At most ``SAMPLES_AHEAD`` samples of a device are ahead of the commit. As many of the newest are kept, and a repeat
   becomes the newest of them. So every sample that may come again is kept, however often event_processor dies.
2. Samples with the same time and the same words are the same; two that differ in numbers alone have different times.
3. Simulated samples are committed before they leave, so they are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from shared.instants import time_to_us
from shared.messages import StateSample
from shared.sample_words import SAMPLES_AHEAD, sample_words

MOST_DEVICES = 10_000  # event_processor commits the samples of further devices before it publishes them
Identity = tuple[int, int]  # time in µs, CRC-32 of the words


class RecentSamples:
    """The newest samples by device. ``touched`` and ``dropped`` collect the devices that changed."""

    def __init__(self, kept: Iterable[tuple[str, tuple[Identity, ...]]] = (), most: int = MOST_DEVICES) -> None:
        self._kept = dict(kept)
        self._most = most
        self.touched: dict[str, None] = {}
        self.dropped: dict[str, None] = {}

    def is_repeat(self, sample: StateSample) -> bool:
        """Whether this sample has come before; remembers it. Never true for a simulated one."""
        if sample.simulated:
            return False
        identity = (time_to_us(sample.time), crc32(repr(sample_words(sample)).encode()))
        known = self._kept.pop(sample.device, ())
        is_repeat = identity in known
        others = tuple(one for one in known if one != identity) if is_repeat else known
        self._kept[sample.device] = (*others, identity)[-SAMPLES_AHEAD:]
        self.touched[sample.device] = None
        self.dropped.pop(sample.device, None)
        if len(self._kept) > self._most:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self.touched.pop(oldest, None)
            self.dropped[oldest] = None
        return is_repeat

    def of(self, device: str) -> tuple[Identity, ...]:
        """Return the samples kept of a device, the newest last; raises KeyError for an unknown device."""
        return self._kept[device]
