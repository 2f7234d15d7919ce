"""What the controller demands of actuators, and where the supervisor says they are. Topics: ``shared.kinds``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from shared.actuators import ActuatorKind, Level
from shared.messages import Message, Name, Time
from shared.names import Id, Label, Text


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message of an actuator's own wire: to the actuator, or its answer."""

    topic: str
    payload: bytes


class DemandedLevel(Message):
    """A level of one actuator, for ``lease_s`` from when it is heard. ``command`` is the id of this change."""

    actuator: Name
    level: Level
    command: Annotated[Id, Field(max_length=128)]
    lease_s: Annotated[float, Field(gt=0, le=3600)]
    reason: Text = ""
    text: Text = ""


class Demand(Message):
    """Everything that is demanded of a zone's actuators now. It is repeated for as long as it holds, and never kept."""

    zone: Name
    time: Time
    levels: Annotated[tuple[DemandedLevel, ...], Field(max_length=500)]


class ActuatorState(Message):
    """Where an actuator is, and why. ``ordered`` is the supervisor's word, ``level`` what the actuator reports.

    ``reason`` is a code of ``services.climate_supervisor.core.reasons``; ``failure`` is what is wrong with the
    actuator itself. ``since``: when the order or the reason last changed. Not ``armed``: nothing is really ordered.
    """

    actuator: Name
    zone: Name
    kind: ActuatorKind
    since: Time
    armed: bool
    ordered: Level
    level: Level | None = None
    available: bool | None = None
    power_w: float | None = None
    reason: Label
    text: Text = ""
    command: Id | None = None
    failure: Text | None = None
