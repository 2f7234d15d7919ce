"""The registry of message kinds: one row for each thing that is said over MQTT.

What follows from it, or is held against it by ``tests/repo_rules/test_kinds.py``: every topic (``shared.topics``), each
service's route and its subscriptions (``shared.delivery``), the broker's ACL (``mosquitto/acl``), docs/topics.md, its
schemas and docs/asyncapi.json.

Rules:
1. ``topic`` is what comes below the site. ``{level}`` is the field of that name in the payload; ``{level*}`` is a
   dotted name written as several levels.
2. A name in ``producers``, ``consumers`` and ``followers`` is a service of ``shared.services``; for one that may run
   several times it means each of them.
3. A ``sequenced`` kind is a durable stream: its messages carry producer, epoch and seq. A producer keeps each message
   until every one of ``consumers`` has applied it; for the uplink it waits where the site has one (``suite.yaml``),
   which takes events, or the frames of a site that only reads.
   A kind without sequence comes from the broker's session alone.
   A stream that has consumers travels to them as the kind ``stream``, on the wire; what leaves under its own topic is a
   public copy for other readers, with ``qos``, which no service applies.
4. ``followers`` subscribe too, best effort: they get what comes while they are there, and what is retained.
5. ``narrowed`` holds what a producer may publish where it is not the whole kind; ``-NAME`` is a further one's own name.
6. ``gathered``: of these consumers the work of a message may wait for a commit with others (docs/adr/0063).
7. ``speaker`` is the level that names the publisher, ``addressee`` the level that names the reader: the broker binds
   both to its users.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Literal

from shared.actuation import ActuatorState, Demand
from shared.health import Health
from shared.incidents import Incident
from shared.maintenance import Maintenance
from shared.messages import (
    Alert,
    Candidate,
    Checkpoint,
    Counter,
    DeadLetter,
    DeviceState,
    Event,
    Frame,
    Message,
    Resend,
    Sequenced,
    ServiceOffer,
    StateSample,
    Status,
    Trigger,
)
from shared.notices import Notice
from shared.report import ScheduledReport
from shared.requests import Command, Request, Response, Result
from shared.services import CLIENTS, SERVICES, service_row, suite_of

EVERY_SERVICE = suite_of(optional=True)
ANYONE = (*EVERY_SERVICE, *CLIENTS)


@dataclass(frozen=True)
class Kind:
    """One kind of message; the rules at the top of this file say what each column means.

    Without ``model`` the payload is that of another kind.
    """

    name: str
    topic: str
    model: type[Message] | None
    purpose: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...] = ()
    followers: tuple[str, ...] = ()
    sequenced: bool = False
    qos: Literal[0, 1] = 1
    retained: bool = False
    narrowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    speaker: str = ""
    addressee: str = ""
    gathered: tuple[str, ...] = ()

    @property
    def awaited(self) -> bool:
        """Whether its producers wait for consumers: then it also goes over the wire, as a stream."""
        return self.sequenced and bool(self.consumers)

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The topic's levels below the site, as they are written."""
        return tuple(self.topic.split("/"))

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """The names of the levels that vary, in order; one that spans several ends with ``*``."""
        return tuple(re.findall(r"{(\w+\*?)}", self.topic))

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The payload's fields that the topic follows from."""
        own = tuple(level.removesuffix("*") for level in self.levels)
        has_category = self.model is not None and "category" in self.model.model_fields
        return (*own, "category") if has_category and any(level.endswith("*") for level in self.levels) else own

    @cached_property
    def tell(self) -> Callable[[Message], object]:
        """Return the values of ``fields`` in a message."""
        return attrgetter(*self.fields) if self.fields else lambda _: ()

    def spoken_by(self, name: str) -> bool:
        """Whether ``name`` may publish this kind: ``sensor_reader-attic`` may what sensor_reader may."""
        if name in self.producers:
            return True
        try:
            row = service_row(name)
        except KeyError:
            return False
        return row.name in self.producers


_ANSWERING = tuple(row.name for row in SERVICES if row.answers)
_COMMANDED = tuple(row.name for row in SERVICES if row.target)
_NARROWED_COMMANDS = {
    "host_agent": ("command/+/shutdown", "command/+/cut_power"),
    "host_agent-NAME": (),
    "gateway": ("command/alerter/+",),  # what people do about alerts; it shuts nothing down
}
_ASKING = ("gateway", *CLIENTS)

_PUBLIC = (
    Kind("raw", "raw/{device}", Frame, "one poll of one device",
         producers=("sensor_reader",), consumers=("event_processor", "counter_store", "uplink"), sequenced=True, qos=0),
    Kind("ingest", "ingest/{producer}", Candidate, "an event offered from outside",
         producers=ANYONE, consumers=("event_processor", "uplink"), speaker="producer"),
    Kind("offer", "offer/{type*}", ServiceOffer, "an event that the climate control offers, in order",
         producers=("climate_controller", "climate_supervisor"), consumers=("event_processor",), sequenced=True, qos=0),
    Kind("event", "event/{category}/{type*}", Event, "something that happened", followers=("gateway",),
         gathered=("counter_store", "alerter"),
         producers=("event_processor",), consumers=("counter_store", "alerter", "uplink"), sequenced=True),
    Kind("state", "state/{device}", DeviceState, "what is known now of a device",
         producers=("event_processor",), retained=True,
         followers=("host_agent", "climate_controller", "climate_supervisor", "uplink", "gateway")),
    Kind("sample", "sample/{device}", StateSample, "a device's state at a time, in order",
         producers=("event_processor",), consumers=("alerter",), sequenced=True, qos=0),
    Kind("trigger", "trigger/{name}", Trigger, "one named trigger of an event",
         producers=("event_processor",), sequenced=True),
    Kind("incident", "incident/{pattern}/{key}", Incident, "events that belong together",
         producers=("event_processor",), followers=("gateway",), retained=True),
    Kind("maintenance", "maintenance/{device}", Maintenance, "what is due at a device, and when",
         producers=("event_processor",), followers=("counter_store", "gateway"), retained=True),
    Kind("counter", "counter/{type*}", Counter, "how often an event type was counted",
         producers=("counter_store",), followers=("gateway",), retained=True),
    Kind("health", "health", Health, "score, grade and factors",
         producers=("counter_store",), followers=("gateway",), retained=True),
    Kind("report", "report/{kind}", ScheduledReport, "the last daily and weekly report",
         producers=("counter_store",), followers=("gateway",), retained=True),
    Kind("alert", "alert/{rule}/{key}", Alert, "an alert's present state",
         producers=("alerter",), retained=True,
         followers=("counter_store", "host_agent", "climate_supervisor", "uplink", "gateway")),
    Kind("notice", "notice/{receiver}", Notice, "a notification of a group of alerts",
         producers=("alerter",), sequenced=True),
    Kind("demand", "demand/{zone}", Demand, "what is demanded of a zone's actuators, for the next ticks",
         producers=("climate_controller",), followers=("climate_supervisor",)),
    Kind("actuator", "actuator/{actuator}", ActuatorState, "where an actuator is, and why",
         producers=("climate_supervisor",), followers=("climate_controller",), retained=True),
    Kind("command", "command/{target}/{name}", Command, "something a device or service is to do",
         producers=("event_processor", "alerter", "host_agent", *_ASKING), narrowed=_NARROWED_COMMANDS,
         followers=_COMMANDED, sequenced=True, addressee="target"),
    Kind("result", "result/{target}/{name}", Result, "what came of a command",
         producers=_COMMANDED, followers=("host_agent", "gateway"), sequenced=True, speaker="target"),
    Kind("request", "request/{service}/{name}", Request, "a question to a service",
         producers=_ASKING, followers=_ANSWERING, addressee="service"),
    Kind("response", "response/{service}/{name}", Response, "its answer",
         producers=_ANSWERING, followers=_ASKING, speaker="service"),
    Kind("status", "status/{service}", Status, "a service's life sign and vital figures",
         producers=EVERY_SERVICE, followers=EVERY_SERVICE, retained=True, speaker="service"),
    Kind("deadletter", "deadletter/{service}", DeadLetter, "what a service refused, and why",
         producers=EVERY_SERVICE, followers=_ASKING, sequenced=True, speaker="service"),
)  # fmt: skip

# The suite's own wire. Only services read it; the first level below `wire` always names the speaker.
_FEEDING = tuple(name for name in EVERY_SERVICE if any(name in kind.producers for kind in _PUBLIC if kind.awaited))
_FED = tuple(name for name in EVERY_SERVICE if any(name in kind.consumers for kind in _PUBLIC if kind.awaited))
_WIRE = (
    Kind("stream", "wire/{producer}/stream/{stream}", None, "the messages of an awaited kind, in order",
         producers=_FEEDING, speaker="producer"),
    Kind("checkpoint", "wire/{consumer}/checkpoint/{producer}", Checkpoint, "how far a consumer has durably got",
         producers=_FED, followers=_FEEDING, retained=True, speaker="consumer", addressee="producer"),
    Kind("resend", "wire/{producer}/resend/{consumer}", Resend, "messages that a consumer asked for again",
         producers=_FEEDING, followers=_FED, speaker="producer", addressee="consumer"),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*_PUBLIC, *_WIRE)}
BY_MODEL: dict[type[Message], Kind] = {kind.model: kind for kind in KINDS.values() if kind.model is not None}


def kind_of(message: Message) -> Kind:
    """Return the kind of a message; raises KeyError for a part of one, which has no topic of its own."""
    return BY_MODEL[type(message)]


def model_of(kind: str) -> type[Message]:
    """Return the payload's model of a kind; raises KeyError where nothing publishes it yet."""
    if (model := KINDS[kind].model) is None:
        raise KeyError(kind)
    return model


def sequenced_model(stream: str) -> type[Sequenced]:
    """Return the model of a stream's messages."""
    model = model_of(stream)
    if not issubclass(model, Sequenced):
        raise TypeError(f"{stream} is no sequenced stream")
    return model
