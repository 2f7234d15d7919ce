"""What a device's parts have said, held against what they said before: limits, slew (``trust``), frozen (``frozen``).

A part whose numbers are frozen gives no values, for what it shows is of another time; the frame says since when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.sensor_reader.core.chips.reading import Doubt, Reading
from services.sensor_reader.core.frozen import Still, must_move, numbers_of, watch
from services.sensor_reader.core.trust import Seen, Trust, weigh
from shared.messages import ReadError, Scalar

FROZEN = "frozen"
Outcome = Reading | ReadError
Said = tuple[str, Outcome]  # a part's name, and what came of reading it


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of a device: each channel's last believed value, and how long each part has stood still."""

    seen: Mapping[str, Seen] = field(default_factory=dict)
    still: Mapping[str, Still] = field(default_factory=dict)


def scrutinize(said: Sequence[Said], past: Past, trust: Trust, at_s: float) -> tuple[list[Outcome], Past]:
    """Return what may be believed of each part's outcome, and what to remember; ``at_s`` never goes back."""
    everything: dict[str, Scalar] = {}
    for _, outcome in said:
        everything |= outcome.values if isinstance(outcome, Reading) else {}
    moving = must_move(everything)
    believed: list[Outcome] = []
    for name, outcome in said:
        if isinstance(outcome, Reading) and not outcome.waits:
            outcome, past = _one(name, outcome, past, trust, moving, at_s)  # noqa: PLW2901
        believed.append(outcome)
    return believed, past


def _one(name: str, reading: Reading, past: Past, trust: Trust, moving: bool, at_s: float) -> tuple[Reading, Past]:
    still, seconds = watch(past.still.get(name, Still()), numbers_of(reading.values), moving, at_s)
    past = replace(past, still={**past.still, name: still})
    if trust.frozen_after_s is not None and seconds >= trust.frozen_after_s:
        detail = f"no number has changed by a bit for {seconds:.0f} s, though the battery is in use"
        facts = {channel: value for channel, value in reading.values.items() if isinstance(value, str)}
        return replace(reading, values=facts, doubts=(*reading.doubts, Doubt(FROZEN, detail))), past
    good, doubts, seen = weigh(reading.values, past.seen, trust, at_s)
    return replace(reading, values=good, doubts=(*reading.doubts, *doubts)), replace(past, seen=seen)
