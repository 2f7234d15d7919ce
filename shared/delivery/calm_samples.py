"""Which samples of states need not be on the disk before they leave (docs/adr/0053).

A sample may wait where its device is live hardware, at a later time than the sample before. A new word in it may wait,
too: the frame that brought it is on the reader's disk, and makes the same sample again. Of one device ``SAMPLES_AHEAD``
may wait for the same commit: a consumer that remembers so many of the newest knows every one that a producer may make
again after it died.
"""

from __future__ import annotations

from datetime import datetime

from shared.messages import StateSample
from shared.sample_words import SAMPLES_AHEAD

MOST_DEVICES = 10_000  # of further ones every sample is written at once


class CalmSamples:
    """Knows when each device was sampled last, and how many samples wait."""

    def __init__(self) -> None:
        self._last: dict[str, datetime] = {}
        self._waiting: dict[str, int] = {}

    def is_calm(self, sample: StateSample) -> bool:
        """Whether a sample may wait; remembers it."""
        device = sample.device
        before = self._last.get(device)
        if before is not None or len(self._last) < MOST_DEVICES:
            self._last[device] = sample.time
        waiting = self._waiting.get(device, 0)
        if sample.simulated or before is None or sample.time <= before:
            return False
        if waiting >= SAMPLES_AHEAD:
            return False
        self._waiting[device] = waiting + 1
        return True

    def committed(self) -> None:
        """Every sample so far is on the disk."""
        self._waiting.clear()
