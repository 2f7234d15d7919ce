"""A device's parts judged by what they showed before: limits and speed (``limits``), frozen numbers (``frozen``).

A part whose numbers are frozen gives no values, for what it shows is of another time; the frame says since when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.sensor_reader.core.plausibility.frozen import StandstillRecord, must_move, numbers_of, standstill
from services.sensor_reader.core.plausibility.limits import ChannelHistory, Plausibility, judge_values
from services.sensor_reader.core.reading import Doubt, Reading
from shared.messages import ReadError, Scalar

FROZEN = "frozen"
Outcome = Reading | ReadError
PartOutcome = tuple[str, Outcome]  # a part's name, and what came of reading it


@dataclass(frozen=True, slots=True)
class DeviceHistory:
    """What is remembered of a device: each channel's last believed value, and how long each part has stood still."""

    seen: Mapping[str, ChannelHistory] = field(default_factory=dict)
    still: Mapping[str, StandstillRecord] = field(default_factory=dict)


def judge_parts(
    outcomes: Sequence[PartOutcome], past: DeviceHistory, plausibility: Plausibility, at_s: float
) -> tuple[list[Outcome], DeviceHistory]:
    """Return what may be believed of each part's outcome, and what to remember; ``at_s`` never goes back."""
    everything: dict[str, Scalar] = {}
    for _, outcome in outcomes:
        everything |= outcome.values if isinstance(outcome, Reading) else {}
    moving = must_move(everything)
    believed: list[Outcome] = []
    for name, outcome in outcomes:
        if isinstance(outcome, Reading) and not outcome.waits:
            outcome, past = _one(name, outcome, past, plausibility, moving, at_s)  # noqa: PLW2901
        believed.append(outcome)
    return believed, past


def _one(
    name: str, reading: Reading, past: DeviceHistory, plausibility: Plausibility, moving: bool, at_s: float
) -> tuple[Reading, DeviceHistory]:
    still, seconds = standstill(past.still.get(name, StandstillRecord()), numbers_of(reading.values), moving, at_s)
    past = replace(past, still={**past.still, name: still})
    if plausibility.frozen_after_s is not None and seconds >= plausibility.frozen_after_s:
        detail = f"no number has changed by a bit for {seconds:.0f} s, though the battery is in use"
        facts = {channel: value for channel, value in reading.values.items() if isinstance(value, str)}
        return replace(reading, values=facts, doubts=(*reading.doubts, Doubt(FROZEN, detail))), past
    good, doubts, seen = judge_values(reading.values, past.seen, plausibility, at_s)
    return replace(reading, values=good, doubts=(*reading.doubts, *doubts)), replace(past, seen=seen)
