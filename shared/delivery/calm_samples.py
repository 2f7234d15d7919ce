"""Which samples of states need not be on the disk before they leave (docs/adr/0053).

A sample may wait where its device is live hardware, and it differs from the sample before in numbers alone, at a later
time. Of one device ``SAMPLES_AHEAD`` may wait for the same commit: a consumer that remembers so many of the
newest knows every one that a producer may make again after it died.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from shared.messages import StateSample
from shared.sample_words import SAMPLES_AHEAD, Words, sample_words

MOST_DEVICES = 10_000  # of further ones every sample is written at once


class _Last(NamedTuple):
    time: datetime
    words: Words


class CalmSamples:
    """Knows each device's last sample, and how many wait."""

    def __init__(self) -> None:
        self._last: dict[str, _Last] = {}
        self._waiting: dict[str, int] = {}

    def is_calm(self, sample: StateSample) -> bool:
        """Whether a sample says nothing new but numbers; remembers it."""
        device, words = sample.device, sample_words(sample)
        before = self._last.get(device)
        if before is not None or len(self._last) < MOST_DEVICES:
            self._last[device] = _Last(sample.time, words)
        waiting = self._waiting.get(device, 0)
        if sample.simulated or before is None or before.words != words or sample.time <= before.time:
            return False
        if waiting >= SAMPLES_AHEAD:
            return False
        self._waiting[device] = waiting + 1
        return True

    def committed(self) -> None:
        """Every sample so far is on the disk."""
        self._waiting.clear()
