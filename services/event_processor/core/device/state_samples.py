"""Which states of a device are published as samples, for the alerter, which judges states by event time.

1. A word or a flag that changes (power, battery, charging, quality, any text or flag among the values) is sampled at
   once; numbers are sampled every ``SAMPLE_S`` of event time.
2. A frame older than the last sample (the clock was set back) is sampled.
3. Samples follow from the frames alone, whatever their speed and batches.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.instants import time_to_us, us_to_time
from shared.messages import Frame, Scalar

SAMPLE_S = 10
_STEP = timedelta(seconds=SAMPLE_S)
Word = str | bool | None
Words = tuple[tuple[str, Word], ...]


@dataclass(frozen=True, slots=True)
class LastSample:
    """The time of a device's last sample, and its words then; ``due``: when the next comes, whatever happens."""

    time: datetime
    words: Words
    due: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Compute ``due`` once, and not at each frame."""
        object.__setattr__(self, "due", self.time + _STEP)

    def to_json(self) -> bytes:
        """Return it as JSON for the ledger."""
        return json.dumps([time_to_us(self.time), self.words], separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, text: bytes) -> LastSample:
        """Return the sample that ``to_json`` wrote."""
        time_us, words = json.loads(text)
        return cls(us_to_time(time_us), tuple((name, word) for name, word in words))


def next_sample(last: LastSample | None, frame: Frame, known: Words) -> LastSample | None:
    """Return the sample that is due now, or None. ``known`` are the confirmed words of the state."""
    words = known + _words(frame.values)
    if last is not None and words == last.words and last.time <= frame.time < last.due:
        return None
    return LastSample(frame.time, words)


def _words(values: dict[str, Scalar]) -> Words:
    found = [(name, word) for name, word in values.items() if type(word) is not float and isinstance(word, (str, bool))]
    return tuple(found)
