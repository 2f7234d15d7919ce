"""The actions of an alert: what a rule orders besides its topic. They are data, carried out once each time it fires."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from string import Formatter
from typing import Any

from services.alerter.core.keys import FIT
from shared.instants import time_to_us
from shared.requests import Command

_SPACE = uuid.UUID("0d9b3a0e-6a51-5d8e-9c35-0c3f1f2f7b11")
EVERYWHERE = "all"  # the zone of a stop of everything; a rule has to name it
STOP = "emergency_stop"  # the rule under which stops are retained, and the command that orders one
RELEASE = "emergency_release"
SHUTDOWN_EXPIRES = timedelta(minutes=5)  # after the alert fired: an old order must put out nothing that has mains again


class Do(StrEnum):
    """The kinds of actions."""

    NOTIFICATION = "notification"
    COMMAND = "command"
    EMERGENCY_STOP = "emergency_stop"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class Action:
    """``target`` and ``name`` belong to a command, ``zone`` to an emergency stop. Texts may hold ``{label}``."""

    do: Do
    target: str = ""
    name: str = ""
    zone: str = "{zone}"
    data: Mapping[str, Any] = field(default_factory=dict)
    expires: timedelta | None = None


NOTIFY = Action(Do.NOTIFICATION)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is ordered: the alert that fired, when, and what it says."""

    rule: str
    key: str
    time: datetime
    message: str
    labels: Mapping[str, str]

    def identity(self, *parts: object) -> str:
        """Return an id that follows from the cause: the same firing never orders twice."""
        place = (self.rule, self.key, time_to_us(self.time), *parts)
        return str(uuid.uuid5(_SPACE, "|".join(map(str, place))))


def missing_labels(action: Action, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the labels that an action names and the alert lacks.

    Such an action is not carried out: an empty place would widen it, from one device or zone to all of them.
    """
    texts = {
        Do.COMMAND: (action.target, *action.data.values()),
        Do.EMERGENCY_STOP: (action.zone,),
        Do.SHUTDOWN: tuple(action.data.values()),
    }.get(action.do, ())
    named = {name: None for text in texts for name in _names(text)}
    return tuple(name for name in named if not labels.get(name))


def unfit_target(action: Action, labels: Mapping[str, str]) -> str | None:
    """Return the filled-in target of a command where it is not a valid name; None if it is, or for no command."""
    target = str(fill(action.target, labels)) if action.do is Do.COMMAND else ""
    return target if target and not FIT.match(target) else None


def command_for(action: Action, cause: Cause, number: int) -> Command | None:
    """Return the command to publish for an action, None if it needs none; ``number`` is its place in the rule."""
    because = {"rule": cause.rule, "key": cause.key, "reason": cause.message}
    match action.do:
        case Do.COMMAND:
            data = {name: fill(value, cause.labels) for name, value in action.data.items()}
            target, name, expires = fill(action.target, cause.labels), action.name, action.expires
        case Do.SHUTDOWN:
            data, target, name, expires = {**because, **action.data}, "host", "shutdown", SHUTDOWN_EXPIRES
        case _:
            return None
    ends = None if expires is None else cause.time + expires
    identity = cause.identity(number)
    return Command(id=identity, target=target, name=name, time=cause.time, by="alerter", expires=ends, data=data)


def zone_of(action: Action, labels: Mapping[str, str]) -> str:
    """Return the zone of an emergency stop; ``EVERYWHERE`` only where the rule says ``zone: all``."""
    return str(fill(action.zone, labels))


def stop_command(target: str, name: str, zone: str, cause: Cause, now: datetime) -> Command:
    """Return the command that informs ``target`` of a stop or of its end. It never expires."""
    data = {"zone": zone, "rule": cause.rule, "key": cause.key, "reason": cause.message}
    return Command(id=cause.identity(name, target, zone), target=target, name=name, time=now, by="alerter", data=data)


def fill(text: Any, labels: Mapping[str, Any]) -> Any:
    """Return a text with each ``{label}`` replaced; a missing label becomes empty. Other values stay as they are."""
    if not isinstance(text, str):
        return text
    parts = Formatter().parse(text)
    return "".join(f"{plain}{'' if name is None else labels.get(name, '')}" for plain, name, _, _ in parts)


def _names(text: Any) -> tuple[str, ...]:
    """Return the labels that a text names."""
    parts = Formatter().parse(text) if isinstance(text, str) else ()
    return tuple(name for _, name, _, _ in parts if name)


def unknown_places(text: str) -> str | None:
    """Return what is wrong with the ``{places}`` of a text, None if nothing is."""
    try:
        odd = [
            name for _, name, form, turn in Formatter().parse(text) if name is not None and (form or turn or not name)
        ]
    except ValueError as error:
        return f"is no template: {error}; write {{{{ for a brace"
    return f"is no template: {{{odd[0]}}} must be a label's name alone" if odd else None
