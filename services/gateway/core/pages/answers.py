"""The services' answers that the pages show, checked: only the fields that a page uses, within bounds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.actuation import ActuatorState
from shared.messages import Event

Words = Annotated[str, Field(max_length=2_000)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Shown(BaseModel):
    """Base: it is built when a page first shows it (ADR 0038)."""

    model_config = ConfigDict(defer_build=True)


class Piece(Shown):
    """One piece of a report's time."""

    start: datetime
    by_severity: Annotated[dict[str, Annotated[int, Field(ge=0)]], Field(max_length=20)]


class Timeline(Shown):
    """A report's pieces of time, each a ``unit`` long."""

    unit: Words
    pieces: Annotated[tuple[Piece, ...], Field(max_length=1_000)]


class TypeCount(Shown):
    """How often a type happened in a report's time."""

    type: Words
    category: Words
    severity: Words
    count: int
    last: datetime


class RelatedEvent(Shown):
    """An event that belongs to another: seconds after it, and by what."""

    after_s: Number
    by: Annotated[tuple[Words, ...], Field(max_length=10)]
    event: Event


class RelatedAnswer(Shown):
    """An event of the history, and those that belong to it."""

    event: Event
    related: Annotated[tuple[RelatedEvent, ...], Field(max_length=500)]


class Line(Shown):
    """An event of a report, in words."""

    time: datetime
    type: Words
    severity: Words
    text: str | None = None


class ReportAnswer(Shown):
    """counter_store's ``report``."""

    since: datetime
    as_of: datetime
    observed_days: Number
    total_events: int
    event_types: tuple[TypeCount, ...]
    timeline: Timeline
    latest_events: tuple[Line, ...] = ()


class StandingAnswer(Shown):
    """The state of an alert, by alerter's ``standing``: what its rule looks at, what it reads and lacks."""

    looks_at: Words
    wants: Words
    state: Words
    since: datetime | None = None
    reads: Words
    lacks: Words


class ZoneAnswer(Shown):
    """One zone of climate_controller's ``climate``; ``band`` is how far its VPD may be from the target, in kPa."""

    mode: Words
    vpd: Number | None = None
    target: Number | None = None
    band: Number | None = None
    sensor: Words | None = None
    stage: Words | None = None
    day: bool | None = None
    paused_until: datetime | None = None
    actuators: Annotated[dict[str, Words], Field(max_length=500)] = {}


class ClimateAnswer(Shown):
    """climate_controller's ``climate``."""

    zones: Annotated[dict[str, ZoneAnswer], Field(max_length=200)]


class Stop(Shown):
    """An emergency stop that is in force."""

    zone: Words | None = None
    by: Words | None = None
    reason: Words | None = None


class ActuatorsAnswer(Shown):
    """climate_supervisor's ``actuators``."""

    armed: bool
    actuators: Annotated[tuple[ActuatorState, ...], Field(max_length=500)]
    stops: tuple[Stop, ...] = ()
    emergencies: tuple[Words, ...] = ()


class Supply(Shown):
    """A UPS as the host agent sees it."""

    device: Words
    power: Words | None = None
    battery: Words | None = None
    charge_percent: Number | None = None
    runtime_left_s: Number | None = None
    runtime_is_estimate: bool = False
    heard_s_ago: Number | None = None
    fresh: bool = False
    on_battery_s: Number | None = None
    doubt: Words | None = None


class Policy(Shown):
    """One policy for one UPS; ``in_s`` is when it would decide, None where it does not hold."""

    device: Words
    policy: Words
    in_s: Number | None = None


class ShutdownStep(Shown):
    """What would be done; seconds from now, None where it waits for a danger."""

    what: Words
    earliest_s: Number | None = None
    latest_s: Number | None = None


class PlanAnswer(Shown):
    """host_agent's ``plan``."""

    host: Words
    role: Words
    phase: Words
    in_phase_s: Number
    why: Words | None = None
    dry_run: bool
    supplies: Annotated[tuple[Supply, ...], Field(max_length=100)]
    policies: Annotated[tuple[Policy, ...], Field(max_length=500)]
    steps: Annotated[tuple[ShutdownStep, ...], Field(max_length=500)]
    obstacles: Annotated[tuple[Words, ...], Field(max_length=500)] = ()
