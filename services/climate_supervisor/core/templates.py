"""How an actuator is spoken to over MQTT, as data: what is sent, and how its answers are read.

Rules:
1. ``{name}`` in a topic or payload is a place. The actuator's ``at`` fills it, or the template's own ``at``; in a
   payload ``ORDERED`` names what follows from the order. JSON's own braces hold no bare word, so they stay.
2. ``path`` leads through JSON by names with dots between them, numbers count a list's items; without it the payload
   itself is the value. Words are compared without regard to case.
3. What cannot be read says nothing: an answer is evidence only where the template finds what it names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from shared.actuation import Outgoing
from shared.actuators import Actuator, Part
from shared.names import Name

PLACE = re.compile(r"{([a-z_][a-z0-9_]*)}")
ORDERED = ("level", "percent", "byte", "step", "lease_s", "lease_pulse", "safe", "command")
LONGEST = 65_536  # bytes of an answer that is read


class Say(Part):
    """One message that is sent."""

    topic: str
    payload: str


class Hear(Part):
    """A value in an answer."""

    topic: str
    path: str = ""


class StateHear(Hear):
    """The state: words for on and off, or a number of which ``scale`` is full ("steps": as many as it has)."""

    payload_on: tuple[str, ...] = ()
    payload_off: tuple[str, ...] = ()
    scale: float | Literal["steps"] | None = None


class AvailabilityHear(Hear):
    """Whether the actuator is there; mostly its last will."""

    online: str
    offline: str


class AcknowledgementHear(Hear):
    """That an order arrived. With ``of_command`` the value is the order's id; else that it is there is enough.

    ``refusal`` is the path of a reason why not.
    """

    of_command: bool = False
    refusal: str = ""


class Template(Part):
    """How one family of actuators is spoken to. ``set_level`` is for those of several steps.

    ``lease`` says who switches off when nothing more is heard: the device itself by what each order carries, or nobody.
    ``setup`` is what a person has to set up at the device.
    """

    title: str
    at: dict[Name, str] = Field(default_factory=dict)
    turn_on: tuple[Say, ...] = ()
    turn_off: tuple[Say, ...] = Field(min_length=1)
    set_level: tuple[Say, ...] = ()
    query: tuple[Say, ...] = ()
    state: tuple[StateHear, ...] = ()
    availability: AvailabilityHear | None = None
    acknowledgement: AcknowledgementHear | None = None
    power: Hear | None = None
    lease: Literal["device", "none"] = "none"
    setup: str = ""

    @field_validator("turn_on", "turn_off", "set_level", "query", "state", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _can_be_switched_on(self) -> Template:
        if not (self.turn_on or self.set_level):
            raise ValueError("has neither turn_on nor set_level, so nothing can be switched on by it")
        for topic in self._topics():
            if "+" in topic or "#" in topic or not topic:
                raise ValueError(f"the topic {topic!r} must be one topic, without + and #")
            if wrong := set(PLACE.findall(topic)) & set(ORDERED):
                raise ValueError(f"the topic {topic!r} holds {{{min(wrong)}}}, which only a payload may hold")
        return self

    def _topics(self) -> Iterator[str]:
        yield from (say.topic for say in self.says)
        yield from (hear.topic for hear in self.heard)

    @property
    def says(self) -> tuple[Say, ...]:
        """Everything that may be sent."""
        return (*self.turn_on, *self.turn_off, *self.set_level, *self.query)

    @property
    def heard(self) -> tuple[Hear, ...]:
        """Everything that is listened to."""
        single = (self.availability, self.acknowledgement, self.power)
        return (*self.state, *(hear for hear in single if hear is not None))

    @property
    def places(self) -> tuple[str, ...]:
        """The places that an actuator's ``at`` may fill, in order."""
        texts = [*self._topics(), *(say.payload for say in self.says)]
        texts += [hear.path for hear in self.heard]
        found = {name: None for text in texts for name in PLACE.findall(text) if name not in ORDERED}
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Report:
    """What an answer says; ``None`` where it says nothing of that.

    ``on`` and ``level`` are two things: a fan that is off may keep the speed it will have.
    """

    on: bool | None = None
    level: float | None = None
    available: bool | None = None
    acknowledged: bool = False
    command: str | None = None
    refusal: str | None = None
    power_w: float | None = None


SILENCE = Report()


@dataclass(frozen=True, slots=True)
class Binding:
    """An actuator with its template: everything that is said to it and heard of it."""

    name: str
    actuator: Actuator
    template: Template

    @property
    def missing(self) -> tuple[str, ...]:
        """The places that nothing fills."""
        return tuple(place for place in self.template.places if place not in self._at)

    @property
    def superfluous(self) -> tuple[str, ...]:
        """What the actuator's ``at`` names and the template has no place for."""
        return tuple(place for place in self.actuator.at if place not in self.template.places)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics to listen to."""
        return tuple(dict.fromkeys(_fill(hear.topic, self._at) for hear in self.template.heard))

    @property
    def carries_safe(self) -> bool:
        """Whether its orders carry the level that it goes to when their lease lapses; else a lease ends in off."""
        return _carry_safe(*self.template.turn_on, *self.template.set_level)

    @property
    def leases_off(self) -> bool:
        """Whether off is leased too."""
        return _carry_safe(*self.template.turn_off)

    @property
    def _at(self) -> dict[str, str]:
        name = {"name": self.name}
        return name | {place: _fill(text, name) for place, text in (self.template.at | self.actuator.at).items()}

    def order(self, level: float, command: str, falls_to: float = 0.0) -> tuple[Outgoing, ...]:
        """Return what brings the actuator to a level, one of its steps, and to ``falls_to`` when its lease lapses."""
        template, values = self.template, self._at | _ordered(self.actuator, level, command, falls_to)
        if level <= 0:
            says = template.turn_off
        elif template.set_level and (self.actuator.steps > 1 or not template.turn_on):
            says = template.set_level
        else:
            says = template.turn_on
        return tuple(Outgoing(_fill(say.topic, values), _fill(say.payload, values).encode()) for say in says)

    def question(self) -> tuple[Outgoing, ...]:
        """Return what asks for the state; nothing where the template knows no way."""
        return tuple(
            Outgoing(_fill(say.topic, self._at), _fill(say.payload, self._at).encode()) for say in self.template.query
        )

    def read(self, topic: str, payload: bytes) -> Report:
        """Return what an answer says."""
        if len(payload) > LONGEST:
            return SILENCE
        text = payload.decode("utf-8", "replace")
        found: dict[str, Any] = {}
        for hear in self.template.heard:
            if _fill(hear.topic, self._at) == topic:
                found |= self._said(hear, text)
        return Report(**found)

    def _said(self, hear: Hear, text: str) -> dict[str, Any]:
        if isinstance(hear, AcknowledgementHear) and hear.refusal and (why := _value(text, hear.refusal)) is not None:
            return {"refusal": str(why), "command": _word(_value(text, hear.path)) if hear.of_command else None}
        value = _value(text, _fill(hear.path, self._at))
        if value is None:
            return {}
        match hear:
            case StateHear():
                return _state(hear, value, self.actuator.steps)
            case AvailabilityHear():
                known = {hear.online.lower(): True, hear.offline.lower(): False}
                return {"available": known.get(_word(value).lower())}
            case AcknowledgementHear():
                return {"acknowledged": True, "command": _word(value) if hear.of_command else None}
            case _:
                power = _number(value)
                return {} if power is None else {"power_w": power}


def _carry_safe(*says: Say) -> bool:
    return any("safe" in PLACE.findall(say.payload) for say in says)


def _ordered(actuator: Actuator, level: float, command: str, falls_to: float) -> dict[str, str]:
    lease_s = int(actuator.lease_s)
    return {
        "level": f"{level:g}",
        "percent": f"{level * 100:.0f}",
        "byte": f"{level * 254:.0f}",
        "step": f"{level * actuator.steps:.0f}",
        "lease_s": str(lease_s),
        "lease_pulse": str(100 + max(lease_s, 12)),  # Tasmota's PulseTime: from 112 on it is seconds, and 100
        "safe": f"{falls_to:g}",
        "command": command,
    }


def _fill(text: str, values: Mapping[str, str]) -> str:
    return PLACE.sub(lambda found: values.get(found[1], found[0]), text)


def _value(text: str, path: str) -> Any:
    """Return the value at a path, None where there is none."""
    if not path:
        return text
    try:
        here: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for step in path.split("."):
        if isinstance(here, dict):
            here = here.get(step)
        elif isinstance(here, list) and step.isdecimal() and int(step) < len(here):
            here = here[int(step)]
        else:
            return None
    return here


def _word(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value).strip()


def _number(value: Any) -> float | None:
    try:
        number = float(_word(value))
    except ValueError:
        return None
    return number if abs(number) < 1e9 else None  # not NaN either


def _state(hear: StateHear, value: Any, steps: int) -> dict[str, bool | float]:
    word = _word(value).lower()
    if word in map(str.lower, (*hear.payload_on, *hear.payload_off)):
        return {"on": word in map(str.lower, hear.payload_on)}
    number = _number(value)
    if hear.scale is None or number is None:
        return {}
    return {"level": min(max(number / (steps if hear.scale == "steps" else hear.scale), 0.0), 1.0)}
