"""Which states of a device are published as samples, for the alerter, which judges states by event time.

1. A word or a flag that changes (power, battery, charging, quality, any text or flag among the values) is sampled at
   once; numbers are sampled every ``SAMPLE_S`` of event time.
2. A frame older than the last sample (the clock was set back) is sampled.
3. Samples follow from the frames alone, whatever their speed and batches.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from shared.instants import time_to_us
from shared.messages import Frame, Scalar

SAMPLE_S = 10
Word = str | bool | None
Words = tuple[tuple[str, Word], ...]


@dataclass(frozen=True, slots=True)
class LastSample:
    """The time of a device's last sample, and its words then."""

    time_us: int
    words: Words

    def to_json(self) -> bytes:
        """Return it as JSON for the ledger."""
        return json.dumps([self.time_us, self.words], separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, text: bytes) -> LastSample:
        """Return the sample that ``to_json`` wrote."""
        time_us, words = json.loads(text)
        return cls(time_us, tuple((name, word) for name, word in words))


def next_sample(last: LastSample | None, frame: Frame, known: Words) -> LastSample | None:
    """Return the sample that is due now, or None. ``known`` are the confirmed words of the state."""
    words = known + _words(frame.values)
    now_us = time_to_us(frame.time)
    if last is not None and words == last.words and 0 <= now_us - last.time_us < SAMPLE_S * 1_000_000:
        return None
    return LastSample(now_us, words)


def _words(values: dict[str, Scalar]) -> Words:
    found = [(name, word) for name, word in values.items() if type(word) is not float and isinstance(word, (str, bool))]
    return tuple(found)
