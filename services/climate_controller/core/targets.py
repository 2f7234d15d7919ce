"""A zone's target now: by mode, plan, day of the plan, hour of the day, and on the ramp between two targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.climate_controller.core.state import State
from services.climate_controller.core.tick import Tick
from shared.climate.zones import VPD_MODES, Limits, Mode, Plan, Stage, Zone

EPOCH = date(1970, 1, 1)
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Aim:
    """``goal_kpa`` is None in modes without a VPD. ``lit``: whether it is day by the hours of the stage."""

    goal_kpa: float | None
    limits: Limits
    lit: bool
    stage: str | None


def aim_of(zone: Zone, plans: Mapping[str, Plan], state: State, tick: Tick) -> Aim:
    """Return the zone's goal, limits and light at a tick."""
    stage = _stage(zone, plans, state.mode, tick.day)
    lit = is_lit(zone, stage, tick.second)
    limits = zone.limits
    goal = state.own_target_kpa if state.own_target_kpa is not None else zone.target_kpa
    if stage is not None:
        half = stage.half(lit=lit)
        limits = half.limits or stage.limits or zone.limits
        if state.mode is Mode.VPD_PERFECTION:
            goal = half.middle
        elif state.own_target_kpa is None or state.mode is Mode.DRYING:
            goal = half.vpd
    return Aim(goal if state.mode in VPD_MODES else None, limits, lit, stage.name if stage else None)


def _stage(zone: Zone, plans: Mapping[str, Plan], mode: Mode, day: int) -> Stage | None:
    name = zone.drying_plan if mode is Mode.DRYING else zone.plan
    plan = plans.get(name) if name else None
    if plan is None:
        return None
    began = (zone.started - EPOCH).days if zone.started else day
    return plan.at(max(day - began, 0))


def is_lit(zone: Zone, stage: Stage | None, second: float) -> bool:
    """Return whether it is day by the zone's clock; without a stage the day has 18 hours."""
    hours = stage.light_hours if stage else 18.0
    return (second - zone.light.on_s) % DAY_S < 3600 * hours


def ramped(state: State, goal: float, now_s: float, kpa_per_min: float) -> float:
    """Return the target on its ramp to the goal; the first target is the goal."""
    if state.target_kpa is None:
        return goal
    step = kpa_per_min * max(now_s - state.target_s, 0.0) / 60
    return min(max(goal, state.target_kpa - step), state.target_kpa + step)


def climb_kpa_per_min(state: State, kpa_per_min: float) -> float:
    """Return how fast the target moves now; 0 at the goal."""
    if state.goal_kpa is None or state.target_kpa is None or state.goal_kpa == state.target_kpa:
        return 0.0
    return kpa_per_min if state.goal_kpa > state.target_kpa else -kpa_per_min
