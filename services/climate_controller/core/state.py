"""The law's state from tick to tick. ``SavedState`` is the part that is stored, as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import Field

from services.climate_controller.core.estimate import Estimate
from shared.climate.decisions import Reason
from shared.climate.zones import MOST_ACTUATORS, ClimateData, Kpa, Mode, Zone
from shared.messages import Name

DELAY_S, MOST_DELAY_S = 15.0, 120.0


class Pause(ClimateData):
    """Automation is paused until ``until_s`` (seconds since 1970)."""

    until_s: float
    reason: Annotated[str, Field(max_length=200)] = ""
    by: Annotated[str, Field(max_length=100)] = ""


class SavedState(ClimateData):
    """The stored part. ``rates`` are kPa a minute at full level, for a fan 1 a minute; ``levels`` are a person's."""

    mode: Mode
    target_kpa: Kpa | None = None
    pause: Pause | None = None
    rates: Annotated[dict[Name, float], Field(max_length=MOST_ACTUATORS, default_factory=dict)]
    delay_s: Annotated[float, Field(ge=0, le=MOST_DELAY_S)] = DELAY_S
    levels: Annotated[dict[Name, float], Field(max_length=MOST_ACTUATORS, default_factory=dict)]


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop whose overshoot is observed: when and at which VPD it was commanded, and the slope then."""

    at_s: float
    vpd: float
    slope: float
    farthest: float


@dataclass(frozen=True, slots=True)
class State:
    """The state of one zone's law."""

    mode: Mode
    own_target_kpa: float | None = None
    pause: Pause | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    delay_s: float = DELAY_S
    target_kpa: float | None = None  # where the ramp is
    target_s: float = -math.inf
    goal_kpa: float | None = None  # where the ramp ends
    estimate: Estimate | None = None
    readings: int = 0
    limits: frozenset[Reason] = frozenset()
    lit: bool | None = None
    stop: Stop | None = None
    off_target: int = 0
    idle_until: Mapping[str, float] = field(default_factory=dict)  # actuators without effect, and until when they rest


def fresh_state(zone: Zone) -> State:
    """Return the state of a zone that was never controlled."""
    return State(zone.mode)


def restored(saved: SavedState) -> State:
    """Return the state after a restart: the stored part, and nothing that was measured."""
    return State(
        saved.mode,
        own_target_kpa=saved.target_kpa,
        pause=saved.pause,
        rates=saved.rates,
        levels=saved.levels,
        delay_s=saved.delay_s,
    )


def to_saved(state: State) -> SavedState:
    """Return the part to store."""
    return SavedState(
        mode=state.mode,
        target_kpa=state.own_target_kpa,
        pause=state.pause,
        rates={name: round(rate, 5) for name, rate in state.rates.items()},
        delay_s=round(state.delay_s, 1),
        levels=dict(state.levels),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """An event to offer: its type and data."""

    type: str
    data: Mapping[str, object]


def set_mode(state: State, mode: Mode, trigger: str) -> tuple[State, Change | None]:
    """Change the mode; None where it is the same. A ramp begins at the present target."""
    if mode is state.mode:
        return state, None
    change = Change("control.mode.changed", {"old_mode": state.mode.value, "new_mode": mode.value, "trigger": trigger})
    return replace(state, mode=mode), change


def set_target(state: State, target_kpa: float | None) -> State:
    """Set a target in place of the plan's; None returns to the plan. The event comes when the goal moves."""
    return replace(state, own_target_kpa=target_kpa)


def set_levels(state: State, levels: Mapping[str, float]) -> State:
    """Set a person's levels for the mode Manual, each 0 to 1."""
    return replace(state, levels={**state.levels, **levels})


def pause(state: State, until_s: float, reason: str, by: str, now_s: float) -> tuple[State, Change]:
    """Pause automation until a time; a second pause replaces the first."""
    data = {"reason": reason, "by": by, "estimated_duration": until_s - now_s, "expires_at": until_s}
    return replace(state, pause=Pause(until_s=until_s, reason=reason, by=by)), Change("control.automation.paused", data)


def resume(state: State, reason: str, by: str) -> tuple[State, Change | None]:
    """End a pause; None where there is none."""
    if state.pause is None:
        return state, None
    return replace(state, pause=None), Change("control.automation.resumed", {"reason": reason, "by": by})
