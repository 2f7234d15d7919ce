"""The levels that bring the VPD back: first release what pushes it out, then engage what pushes it in.

Rules:
1. Inside the band, unless the VPD reaches an edge within the loop's delay, nothing changes: the band is the hysteresis.
2. At an edge, actuators that push the VPD out are released; if that does not turn it, another is engaged.
3. Two opposed actuators never run together. One that cannot move the VPD the right way is not engaged.
4. A graded actuator gets the smallest level that turns the VPD.
5. An action ends before the far edge, by the loop's delay; if the VPD would then stay, it ends at the target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.climate_controller.core.effects import LEAST_GAIN_KPA
from services.climate_controller.core.tick import Running
from shared.climate.decisions import Reason
from shared.climate.zones import OPPOSED, Kind, ZoneActuator

TURNS = 10.0  # minutes in which a graded level should bring the VPD across half the band
STILL = 0.15  # share of that slope below which the VPD counts as steady
COMES_IN = 30.0  # minutes in which the VPD must reach its edge by itself for nothing to be engaged
SPACING_S = 60.0
OFF = Running(0.0, float("-inf"))

Wants = dict[str, tuple[float, Reason]]


@dataclass(frozen=True, slots=True)
class Situation:
    """The input of a choice. ``pushes`` is kPa a minute at full level, by actuator; ``drift`` with all off.

    ``drift`` is relative to the target, which moves by ``climb`` while it is on a ramp.
    """

    actuators: tuple[ZoneActuator, ...]
    running: Mapping[str, Running]
    vpd: float
    drift: float
    pushes: Mapping[str, float]
    vent_gain: float | None
    target: float
    reach: float  # how far inside the band the edges are taken: band less the margin
    delay_s: float
    tick_s: float
    now_s: float
    climb: float = 0.0
    celsius_room: float = 0.0  # how far the temperature is above the middle of its limits, in halves of them
    held: Mapping[str, tuple[float, Reason]] = field(default_factory=dict)  # the levels that the limits decided


@dataclass(frozen=True, slots=True)
class Choice:
    """Levels and reasons by actuator; ``stop_in_s``: the released ones stop then, before the next tick."""

    wants: Wants
    stop_in_s: float | None = None
    toward: int = 0


def choose(now: Situation) -> Choice:
    """Return the levels for the VPD; those that do not change are ``IN_BAND`` or ``CROSSING_BAND``."""
    levels = {each.name: _level(now, each) for each in now.actuators}
    slope = _slope(now, levels)
    inward = _needed(now, slope)
    if inward == 0:
        return _finish(now, levels, slope)
    stop_in_s = _seconds_to_edge(now, slope, -inward)
    wants = _kept(now, levels, slope)
    turned = _release(now, levels, wants, inward)
    if turned or (stop_in_s > 0 and _outside(now, inward) <= 0):
        return Choice(wants, max(stop_in_s, 0.0) if stop_in_s > 0 else None, inward)
    _engage(now, levels, wants, inward)
    return Choice(wants, None, inward)


def _needed(now: Situation, slope: float) -> int:
    """Return +1 where the VPD must rise, -1 where it must fall, 0 where nothing must change."""
    for inward in (1, -1):
        outward = -inward * slope
        if _outside(now, inward) > 0:
            if -outward < _pace(now, inward):
                return inward
        elif outward > 0 and _seconds_to_edge(now, slope, -inward) < now.tick_s:
            return inward
    return 0


def _outside(now: Situation, inward: int) -> float:
    """Return how far the VPD is outside the band, kPa; negative inside."""
    return -inward * (now.vpd - now.target) - now.reach


def _seconds_to_edge(now: Situation, slope: float, outward: int) -> float:
    """Return in how many seconds to switch so that the VPD turns at the edge; negative: too late, inf: never."""
    if outward * slope <= 1e-9:
        return float("inf")
    return 60 * (now.reach - outward * (now.vpd - now.target)) / (outward * slope) - now.delay_s


def _turning(now: Situation) -> float:
    return now.reach / TURNS


def _pace(now: Situation, inward: int) -> float:
    """Return the slope inward, kPa a minute, that is enough: the farther outside, the steeper."""
    return max(STILL * _turning(now), _outside(now, inward) / COMES_IN)


def _finish(now: Situation, levels: dict[str, float], slope: float) -> Choice:
    """Return the choice inside the band: end actions at the target where the VPD would then stay."""
    wants = _kept(now, levels, slope)
    for each in now.actuators:
        push = now.pushes.get(each.name, 0.0) * levels[each.name]
        if not push or each.name in now.held:
            continue
        direction = 1 if push > 0 else -1
        passed = direction * (now.vpd - now.target)
        rest = direction * (slope - push)
        if passed >= 0 and rest > -STILL * _turning(now):
            _set(now, each, levels, wants, 0.0, Reason.TARGET_REACHED)
    return Choice(wants)


def _kept(now: Situation, levels: dict[str, float], slope: float) -> Wants:
    wants: Wants = dict(now.held)
    for each in now.actuators:
        if not now.running.get(each.name, OFF).available:
            wants[each.name] = (0.0, Reason.UNAVAILABLE)
        elif each.name not in wants:
            moving = levels[each.name] > 0 and abs(slope) > STILL * _turning(now)
            wants[each.name] = (levels[each.name], Reason.CROSSING_BAND if moving else Reason.IN_BAND)
    return wants


def _release(now: Situation, levels: dict[str, float], wants: Wants, inward: int) -> bool:
    """Lower what pushes outward, the strongest first; return whether that turns the VPD."""
    pushing = [each for each in now.actuators if inward * now.pushes.get(each.name, 0.0) * levels[each.name] < 0]
    for each in sorted(pushing, key=lambda each: -abs(now.pushes[each.name] * levels[each.name])):
        if each.name in now.held:
            continue
        reason = Reason.STOPS_AHEAD if _outside(now, inward) <= 0 else _off_target(inward)
        _set(now, each, levels, wants, _least_level(now, each, levels, inward), reason)
        if inward * _slope(now, levels) >= _pace(now, inward):
            return True
    return bool(pushing) and inward * _slope(now, levels) > 0


def _engage(now: Situation, levels: dict[str, float], wants: Wants, inward: int) -> None:
    """Raise what pushes inward, in order of preference, until the VPD turns."""
    for each in sorted(now.actuators, key=lambda each: _preference(now, each, inward)):
        push = now.pushes.get(each.name, 0.0)
        if inward * push <= 0 or each.name in now.held or levels[each.name] >= 1:
            if each.kind is Kind.EXHAUST and not levels[each.name] and each.name not in now.held:
                wants[each.name] = (0.0, Reason.FUTILE)
            continue
        if (refusal := _refusal(now, each, levels, inward)) is not None:
            wants[each.name] = (levels[each.name], refusal)
            continue
        reason = Reason.EDGE_AHEAD if _outside(now, inward) <= 0 else _off_target(inward)
        _set(now, each, levels, wants, _least_level(now, each, levels, inward), reason)
        if inward * _slope(now, levels) >= _pace(now, inward):
            return


def _refusal(now: Situation, each: ZoneActuator, levels: Mapping[str, float], inward: int) -> Reason | None:
    if not now.running.get(each.name, OFF).available:
        return Reason.UNAVAILABLE
    if each.kind is Kind.EXHAUST and now.vent_gain is not None and inward * now.vent_gain < LEAST_GAIN_KPA:
        return Reason.FUTILE
    if any(levels[other.name] > 0 for other in now.actuators if opposed(each.kind, other.kind)):
        return Reason.OPPOSED
    return None


def opposed(one: Kind, other: Kind) -> bool:
    """Return whether two kinds never run together."""
    return (one, other) in OPPOSED or (other, one) in OPPOSED


def _off_target(inward: int) -> Reason:
    return Reason.VPD_LOW if inward > 0 else Reason.VPD_HIGH


# Which kind is engaged first: the first figure where the air is on the warm side of its limits, the second on the cold.
PREFERENCES: dict[tuple[int, Kind], tuple[int, int]] = {
    (1, Kind.EXHAUST): (0, 1),
    (1, Kind.DEHUMIDIFIER): (1, 2),
    (1, Kind.HEATER): (2, 0),
    (-1, Kind.COOLER): (0, 2),
    (-1, Kind.HUMIDIFIER): (1, 0),
    (-1, Kind.EXHAUST): (2, 3),
}


def _preference(now: Situation, each: ZoneActuator, inward: int) -> tuple[int, str]:
    warm, cold = PREFERENCES.get((inward, each.kind), (9, 9))
    return (cold if now.celsius_room < 0 else warm), each.name


def _least_level(now: Situation, each: ZoneActuator, levels: Mapping[str, float], inward: int) -> float:
    """Return the level nearest to off, or to the present one, that turns the VPD; the last one where none does."""
    push, at = now.pushes[each.name], levels[each.name]
    others = _slope(now, levels) - push * at
    enough = max(_turning(now), _pace(now, inward))
    for step in range(each.steps + 1):
        level = step / each.steps
        if 0 < level < each.least:
            continue
        if inward * (others + push * level) >= enough and inward * push > 0:
            return level
    if inward * push > 0:
        return 1.0
    for step in range(each.steps, -1, -1):
        level = step / each.steps
        if (level == 0 or level >= each.least) and inward * (others + push * level) >= enough:
            return level
    return 0.0


def _set(
    now: Situation, each: ZoneActuator, levels: dict[str, float], wants: Wants, level: float, reason: Reason
) -> None:
    """Request a level, if the actuator's dwells allow it."""
    was, since_s = levels[each.name], now.running.get(each.name, OFF).since_s
    for_s = now.now_s - since_s
    if level == was:
        return
    if was > 0 and level == 0 and for_s < each.runs_s:
        wants[each.name] = (was, Reason.MIN_ON)
    elif was == 0 and level > 0 and for_s < each.rests_s:
        wants[each.name] = (was, Reason.MIN_OFF)
    elif was > 0 and level > 0 and for_s < SPACING_S:
        wants[each.name] = (was, Reason.SPACING)
    else:
        levels[each.name] = level
        wants[each.name] = (level, reason)


def _level(now: Situation, each: ZoneActuator) -> float:
    if each.name in now.held:
        return now.held[each.name][0]
    return now.running.get(each.name, OFF).level


def _slope(now: Situation, levels: Mapping[str, float]) -> float:
    return now.drift + sum(push * levels.get(name, 0.0) for name, push in now.pushes.items())
