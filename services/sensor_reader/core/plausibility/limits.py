"""Whether a value is believable, by its channel's limits and its earlier values.

Rules:
1. A value outside its limits is left out and said. The quantity's own range (``shared.quantities``) holds always
   (``chips.reading.judge``); a board or device may set narrower limits here.
2. A value that has moved faster than its channel can is held back and said. If ``AGREEING`` readings in a row say the
   same, that is where the channel is now: a real step costs two readings, a spike costs itself. What is held back
   gains nothing by lasting: how far a value may have moved counts from the reading before, believed or not.
3. After ``FORGET_S`` without a believed value the next one is taken as it comes.
4. ``at_s`` is seconds of a clock that nobody sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.sensor_reader.core.reading import Doubt
from shared.messages import Scalar
from shared.quantities import QUANTITIES

AGREEING = 3
FORGET_S = 60.0
SHORTEST_S = 1.0  # polls closer together than this are judged as if they were this far apart

# How fast a quantity can move, in its unit per second. A cell: the mains' coming and going moves a loaded one by up to
# 0.35 V at once (hardware notes §9), a worn one by twice that, and 1.3 V is no cell's (xorbit/LiFePO4wered-Pi#60).
# Thermometers move with what they sit on; a gauge filters its percent.
SLEW_PER_S: dict[str, float] = {
    "cell_voltage": 1.0,
    "state_of_charge": 5.0,
    "battery_temperature": 2.0,
    "board_temperature": 5.0,
    "air_temperature": 2.0,
    "relative_humidity": 20.0,
    "soil_moisture": 25.0,
}


@dataclass(frozen=True, slots=True)
class Limit:
    """What a channel can show: ``low`` to ``high``, and how fast it can move (None: as fast as it likes)."""

    low: float = float("-inf")
    high: float = float("inf")
    slew_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class Plausibility:
    """What is held to be possible of one device; ``cells`` in series scale what a pack's voltage can do.

    ``frozen_after_s``: how long the numbers of a battery in use may stand still; None: for ever.
    """

    limits: Mapping[str, Limit] = field(default_factory=dict)
    cells: int = 1
    frozen_after_s: float | None = 600.0

    def limit(self, channel: str) -> Limit:
        """Return the limit of a channel: as said for it, else the field's."""
        own = self.limits.get(channel)
        if own is not None:
            return own
        if channel == "battery_voltage":
            return Limit(slew_per_s=SLEW_PER_S["cell_voltage"] * self.cells)
        return Limit(slew_per_s=SLEW_PER_S.get(channel))


USUAL = Plausibility()


@dataclass(frozen=True, slots=True)
class ChannelHistory:
    """A channel's last believed value and its time; ``held`` was not believed ``times`` times, up to ``held_at_s``."""

    value: float
    at_s: float
    held: float | None = None
    times: int = 0
    held_at_s: float = 0.0


def judge_values(
    values: Mapping[str, Scalar], seen: Mapping[str, ChannelHistory], plausibility: Plausibility, at_s: float
) -> tuple[dict[str, Scalar], tuple[Doubt, ...], dict[str, ChannelHistory]]:
    """Return the values that may be believed, a doubt for each other, and what to remember."""
    good: dict[str, Scalar] = {}
    doubts: list[Doubt] = []
    memory = dict(seen)
    for channel, value in values.items():
        if isinstance(value, bool | str):
            good[channel] = value
            continue
        after, doubt = _judged(channel, value, seen.get(channel), plausibility.limit(channel), at_s)
        if after is not None:
            memory[channel] = after
        if doubt is None:
            good[channel] = value
        else:
            doubts.append(doubt)
    return good, tuple(doubts), memory


def _judged(
    channel: str, value: float, seen: ChannelHistory | None, limit: Limit, at_s: float
) -> tuple[ChannelHistory | None, Doubt | None]:
    unit = f" {QUANTITIES[channel].unit}" if channel in QUANTITIES else ""
    if not limit.low <= value <= limit.high:
        return seen, Doubt(
            "implausible", f"{channel} {value:g}{unit} is outside {limit.low:g} to {limit.high:g}{unit}", channel
        )
    if seen is None or limit.slew_per_s is None or at_s - seen.at_s > FORGET_S:
        return ChannelHistory(value, at_s), None
    passed_s = at_s - (seen.at_s if seen.held is None else seen.held_at_s)
    if _reachable(seen.value, value, limit.slew_per_s, passed_s):
        return ChannelHistory(value, at_s), None
    agrees = seen.held is not None and _reachable(seen.held, value, limit.slew_per_s, SHORTEST_S)
    times = seen.times + 1 if agrees else 1
    if times >= AGREEING:
        return ChannelHistory(value, at_s), None
    moved = f"{channel} went from {seen.value:g} to {value:g}{unit} within {passed_s:.3g} s"
    most = f"at most {limit.slew_per_s:g}{unit} a second is believed"
    return replace(seen, held=value, times=times, held_at_s=at_s), Doubt("implausible", f"{moved}; {most}", channel)


def _reachable(before: float, after: float, slew_per_s: float, passed_s: float) -> bool:
    return abs(after - before) <= slew_per_s * max(passed_s, SHORTEST_S)
