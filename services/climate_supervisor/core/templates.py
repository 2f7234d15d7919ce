"""The MQTT interface of an actuator, as data: what is published, and how its answers are read.

Rules:
1. ``{name}`` in a topic or payload is a place. The actuator's ``at`` fills it, or the template's own ``at``; in a
   payload the names of ``ORDERED`` come from the order. JSON's own braces hold no bare word, so they stay.
2. ``path`` leads through JSON by names and indexes with dots between them; without it the payload itself is the value.
   Words are compared without regard to case.
3. An answer that cannot be read, or lacks the value, is ignored.
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


class MessageTemplate(Part):
    """One message to publish, with places."""

    topic: str
    payload: str


class AnswerField(Part):
    """A value in an answer."""

    topic: str
    path: str = ""


class StateField(AnswerField):
    """The state: words for on and off, or a number where ``scale`` is full level ("steps": the actuator's number)."""

    payload_on: tuple[str, ...] = ()
    payload_off: tuple[str, ...] = ()
    scale: float | Literal["steps"] | None = None


class AvailabilityField(AnswerField):
    """Whether the actuator is online; usually its last will."""

    online: str
    offline: str


class AcknowledgementField(AnswerField):
    """The acknowledgement of an order. With ``of_command`` the value is the order's id; else any value will do.

    ``refusal`` is the path of the reason of a refusal.
    """

    of_command: bool = False
    refusal: str = ""


class Template(Part):
    """The interface of one family of actuators. ``set_level`` is for those of several steps.

    ``lease``: whether the device switches off by itself unless an order is renewed in time. ``setup`` is what a person
    has to set up at the device.
    """

    title: str
    at: dict[Name, str] = Field(default_factory=dict)
    turn_on: tuple[MessageTemplate, ...] = ()
    turn_off: tuple[MessageTemplate, ...] = Field(min_length=1)
    set_level: tuple[MessageTemplate, ...] = ()
    query: tuple[MessageTemplate, ...] = ()
    state: tuple[StateField, ...] = ()
    availability: AvailabilityField | None = None
    acknowledgement: AcknowledgementField | None = None
    power: AnswerField | None = None
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
        yield from (message.topic for message in self.messages)
        yield from (field.topic for field in self.answers)

    @property
    def messages(self) -> tuple[MessageTemplate, ...]:
        """All messages that may be published."""
        return (*self.turn_on, *self.turn_off, *self.set_level, *self.query)

    @property
    def answers(self) -> tuple[AnswerField, ...]:
        """All fields that are read from answers."""
        single = (self.availability, self.acknowledgement, self.power)
        return (*self.state, *(field for field in single if field is not None))

    @property
    def places(self) -> tuple[str, ...]:
        """The places that an actuator's ``at`` may fill, in order."""
        texts = [*self._topics(), *(message.payload for message in self.messages)]
        texts += [field.path for field in self.answers]
        found = {name: None for text in texts for name in PLACE.findall(text) if name not in ORDERED}
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Report:
    """The content of an answer; None where it has no such field.

    ``on`` and ``level`` differ: a fan that is off may report the speed for its next start.
    """

    on: bool | None = None
    level: float | None = None
    available: bool | None = None
    acknowledged: bool = False
    command: str | None = None
    refusal: str | None = None
    power_w: float | None = None


EMPTY_REPORT = Report()


@dataclass(frozen=True, slots=True)
class Binding:
    """An actuator with its template."""

    name: str
    actuator: Actuator
    template: Template

    @property
    def missing(self) -> tuple[str, ...]:
        """The places without a value."""
        return tuple(place for place in self.template.places if place not in self._at)

    @property
    def superfluous(self) -> tuple[str, ...]:
        """The names in the actuator's ``at`` that the template has no place for."""
        return tuple(place for place in self.actuator.at if place not in self.template.places)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics to subscribe to."""
        return tuple(dict.fromkeys(_fill(field.topic, self._at) for field in self.template.answers))

    @property
    def carries_safe(self) -> bool:
        """Whether its orders carry the level for the end of the lease; else a lease ends in off."""
        return _carry_safe(*self.template.turn_on, *self.template.set_level)

    @property
    def leases_off(self) -> bool:
        """Whether the order off carries a lease too."""
        return _carry_safe(*self.template.turn_off)

    @property
    def _at(self) -> dict[str, str]:
        name = {"name": self.name}
        return name | {place: _fill(text, name) for place, text in (self.template.at | self.actuator.at).items()}

    def order(self, level: float, command: str, falls_to: float = 0.0) -> tuple[Outgoing, ...]:
        """Return the messages that order ``level`` (0 to 1), and ``falls_to`` at the end of the lease."""
        template, values = self.template, self._at | _ordered(self.actuator, level, command, falls_to)
        if level <= 0:
            messages = template.turn_off
        elif template.set_level and (self.actuator.steps > 1 or not template.turn_on):
            messages = template.set_level
        else:
            messages = template.turn_on
        return tuple(_filled(message, values) for message in messages)

    def question(self) -> tuple[Outgoing, ...]:
        """Return the messages that query the state; none if the template has no query."""
        return tuple(_filled(message, self._at) for message in self.template.query)

    def read(self, topic: str, payload: bytes) -> Report:
        """Return the content of an answer; empty if it cannot be read."""
        if len(payload) > LONGEST:
            return EMPTY_REPORT
        text = payload.decode("utf-8", "replace")
        found: dict[str, Any] = {}
        for field in self.template.answers:
            if _fill(field.topic, self._at) == topic:
                found |= self._read_field(field, text)
        return Report(**found)

    def _read_field(self, field: AnswerField, text: str) -> dict[str, Any]:
        refusal = _value(text, field.refusal) if isinstance(field, AcknowledgementField) and field.refusal else None
        if isinstance(field, AcknowledgementField) and refusal is not None:
            return {"refusal": str(refusal), "command": _word(_value(text, field.path)) if field.of_command else None}
        value = _value(text, _fill(field.path, self._at))
        if value is None:
            return {}
        match field:
            case StateField():
                return _state(field, value, self.actuator.steps)
            case AvailabilityField():
                known = {field.online.lower(): True, field.offline.lower(): False}
                return {"available": known.get(_word(value).lower())}
            case AcknowledgementField():
                return {"acknowledged": True, "command": _word(value) if field.of_command else None}
            case _:
                power = _number(value)
                return {} if power is None else {"power_w": power}


def _carry_safe(*messages: MessageTemplate) -> bool:
    return any("safe" in PLACE.findall(message.payload) for message in messages)


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


def _filled(message: MessageTemplate, values: Mapping[str, str]) -> Outgoing:
    return Outgoing(_fill(message.topic, values), _fill(message.payload, values).encode())


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


def _state(field: StateField, value: Any, steps: int) -> dict[str, bool | float]:
    word = _word(value).lower()
    if word in map(str.lower, (*field.payload_on, *field.payload_off)):
        return {"on": word in map(str.lower, field.payload_on)}
    number = _number(value)
    if field.scale is None or number is None:
        return {}
    return {"level": min(max(number / (steps if field.scale == "steps" else field.scale), 0.0), 1.0)}
