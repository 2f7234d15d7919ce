"""The payloads that services say to one another, as frozen models. Their topics: ``shared.kinds``.

Rules:
1. Unknown fields are ignored; a missing or ill-typed one raises pydantic's ValidationError, and the
   receiver sends the message to ``deadletter/…``.
2. Times are aware, UTC, with microseconds. Units are those of ``shared.quantities``.
3. ``producer``, ``epoch`` and ``seq`` are the envelope of a sequenced message. A core leaves them empty;
   the outbox stamps them (``shared.delivery``).
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shared.instants import time_to_us
from shared.name_ids import NameIds
from shared.names import Blank, DottedName, Id, Label, NameOrNone, OptionalName, Path, Remark, Text
from shared.names import Name as Name
from shared.values import BoundedTime, Count, Data, Int64, Measured, OfferedData, Seq
from shared.values import Scalar as Scalar
from shared.values import Time as Time

Values = Annotated[dict[Label, Scalar], Field(max_length=4096)]
Labels = Annotated[dict[Label, Text], Field(max_length=256)]
_set = object.__setattr__  # of a frozen model


class Severity(StrEnum):
    """How bad an event or alert is, least first."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


AnyCaseSeverity = Annotated[Severity, BeforeValidator(lambda v: v.lower() if isinstance(v, str) else v)]


class Quality(StrEnum):
    """How far a frame may be believed."""

    GOOD = "good"
    SUSPECT = "suspect"
    STALE = "stale"
    BAD = "bad"


class TopicTree(Protocol):
    """Where a message finds its topic; ``shared.topics.Topics`` is one."""

    def of(self, message: Message) -> str:
        """Return the topic of ``message``."""


class Message(BaseModel):
    """Base of all payloads. Which kind of message a payload is, and its topic: ``shared.kinds``."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)

    def topic(self, topics: TopicTree) -> str:
        """Return the topic this message is published under, by its row in ``shared.kinds``."""
        return topics.of(self)

    def attributes(self) -> dict[str, str]:
        """Return the MQTT 5 user properties that go along; none unless a model says so."""
        return {}

    def revised(self, **values: Any) -> Self:
        """Return a copy with other values. None of them is checked: they were before, or have just been made."""
        made = object.__new__(type(self))
        named = self.__pydantic_fields_set__
        _set(made, "__dict__", {**self.__dict__, **values})
        _set(made, "__pydantic_fields_set__", named if named.issuperset(values) else named | values.keys())
        _set(made, "__pydantic_extra__", None)
        _set(made, "__pydantic_private__", None)
        return made


class Sequenced(Message):
    """A message of a durable stream: (producer, stream, epoch, seq) is its place, counted from 1."""

    producer: NameOrNone = ""
    epoch: NameOrNone = ""
    seq: Seq = 0


class ReadError(Message):
    """What went wrong in a poll: ``code`` is nack, timeout, crc, bus, implausible … ``chip`` says where.

    With a ``channel`` only that channel is in doubt: its value is left out or, for ``saturated``, may be more. The rest
    of the frame stands, and so does its quality.
    """

    code: Label
    chip: Label
    detail: Remark = ""
    channel: OptionalName = None


class Frame(Sequenced):
    """One poll of one device: all its channels, or why there are none.

    ``uncalibrated`` holds what was read of each channel whose value here is calibrated.
    Live frames say when that was without the wall clock too: ``boot`` (the host's boot id) and ``uptime_s`` (seconds
    since that boot). ``clock`` is unset as long as nothing has set the wall clock in this boot. Absent: not known.
    ``simulated``: a simulator or a recording gave it, and no hardware.
    """

    time: BoundedTime
    device: Name
    zone: OptionalName = None
    values: Values = {}
    quality: Quality = Quality.GOOD
    errors: Annotated[tuple[ReadError, ...], Field(max_length=4096)] = ()
    registers: Annotated[dict[Label, Int64], Field(max_length=4096)] | None = None
    uncalibrated: Annotated[dict[Label, Measured], Field(max_length=4096)] | None = None
    boot: OptionalName = None
    uptime_s: float | None = None
    clock: Literal["set", "unset"] | None = None
    simulated: bool = False


class Event(Sequenced):
    """Something that happened. ``id`` follows from the cause, so the same cause never makes two."""

    id: Id
    type: DottedName
    category: Name
    severity: AnyCaseSeverity
    time: Time
    site: Name
    device: OptionalName = None
    zone: OptionalName = None
    data: Data = {}
    metadata: Data = {}

    def attributes(self) -> dict[str, str]:
        """CloudEvents 1.0 attributes, MQTT 5 binary mode."""
        source = f"/upskeep/{self.site}" + (f"/{self.device}" if self.device else "")
        return {
            "specversion": "1.0",
            "id": self.id,
            "type": self.type,
            "source": source,
            "time": self.time.isoformat().replace("+00:00", "Z"),
        }


_EVENT_IDS = NameIds(uuid.UUID("6f0b1c1e-5f0a-5b52-9a53-5b1f7b3f3a52"))


def event_id(site: str, event_type: str, device: str | None, time: datetime, cause: str = "") -> str:
    """Return the UUIDv5 of what caused an event; ``cause`` tells apart two of one type in one frame."""
    micros = time_to_us(time)
    return _EVENT_IDS.of(f"{site}|{event_type}|{device or ''}|{micros}|{cause}")


class Candidate(Message):
    """An event that somebody outside offers on ``ingest/{producer}``; the processor makes it an Event.

    With an ``id`` it is taken once however often it arrives; without one, once per arrival (best effort). What is
    blank is absent.
    """

    type: DottedName
    id: Annotated[Id | None, Blank] = None
    time: Annotated[Time | None, Blank] = None
    device: OptionalName = None
    zone: OptionalName = None
    severity: Annotated[AnyCaseSeverity | None, Blank] = None
    data: OfferedData = {}
    metadata: OfferedData = {}


class ServiceOffer(Candidate, Sequenced):
    """A candidate event of a service of the suite, in a stream: the processor makes each an Event exactly once."""

    id: Id


class Trigger(Sequenced):
    """One named trigger of an event: a hook for automations.

    ``depth``: how many events before this one caused one another, absent for none. A client that answers with an event
    passes it on in the event's metadata, so that a circle comes to an end.
    """

    name: Name
    event: Id
    type: DottedName
    time: Time
    severity: AnyCaseSeverity
    device: OptionalName = None
    zone: OptionalName = None
    data: Data = {}
    depth: Count | None = None


class DeviceState(Message):
    """What is known now of a device. Unknown is ``None``, never a guess.

    ``simulated``: its last frame came from a simulator or a recording, so nothing real may follow from it.
    """

    device: Name
    zone: OptionalName = None
    time: Time
    quality: Quality
    power: Literal["mains", "battery"] | None = None
    battery: Literal["ok", "low", "critical"] | None = None
    charging: bool | None = None
    active: Annotated[tuple[Path, ...], Field(max_length=4096)] = ()
    values: Annotated[dict[Label, Scalar], Field(max_length=5000)] = {}  # a frame's, and what is worked out of them
    simulated: bool = False


class StateSample(DeviceState, Sequenced):
    """A device's state at a time, in order: what alerts on states are judged by.

    Words and flags come when they change, numbers every ten seconds of event time.
    """


class Counter(Message):
    """How often an event type was counted; the windows end at ``as_of`` (event time)."""

    type: DottedName
    total: Count
    last_hour: Count
    last_day: Count
    last_time: Time
    as_of: Time


class AlertState(StrEnum):
    """Where an alert is in its life."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Alert(Message):
    """One alert's present state. ``since`` is when it began, ``time`` when it came into this state.

    ``basis`` says what it follows from: ``events`` (and state samples) alone, so that a backtest has it too, or life
    signs as they were seen ``live``, by the clock of the service that looked. ``by`` and ``comment`` are of the person
    who acknowledged it or lifted a stop. ``event_text`` is the last event that the rule looked at, in words, times in
    UTC. ``condition`` says in words what the rule waits for where that is no number beyond a limit; ``value`` and
    ``threshold`` say nothing to a person then. A while after an alert has resolved, its topic is emptied.
    """

    rule: Name
    key: Name
    state: AlertState
    severity: AnyCaseSeverity
    since: Time
    time: Time
    value: float
    threshold: float
    window_s: float
    reason: Text
    message: Text
    labels: Labels = {}
    annotations: Labels = {}
    fingerprint: Label | None = None
    event_text: Text | None = None
    condition: Text | None = None
    basis: Literal["events", "live"] = "events"
    by: Text | None = None
    comment: Text | None = None


class StreamEnds(Message):
    """What a producer's outbox holds of one stream: ``floor`` to ``head``, both included (floor > head: nothing)."""

    floor: Seq
    head: Seq


class Continued(Message):
    """The epoch before: the one that is named now goes on with its numbers, for the ledger went back to an older copy.

    A consumer that has applied no more than ``end`` of it goes on where it is. One that has applied more knows what the
    older copy does not, and goes on at ``start``: what comes after is new.
    """

    epoch: Name
    start: dict[Name, Seq]
    end: dict[Name, Seq]


class Mark(Message):
    """How far a consumer has durably got in one stream. ``ask`` requests everything after ``seq``."""

    epoch: Name
    seq: Seq
    ask: bool = False


class Status(Message):
    """A service's life sign: birth and heartbeat, a clean ``stopped``, or ``offline`` as last will.

    ``event_time``: everything before it is applied and its events are in ``streams``; it goes back only by a
    ``CLOCK_JUMP`` that is in them. ``first_time``: the first frame ever seen. ``continues``: earlier epochs of
    this ledger, oldest first, where it has had several. ``instance`` tells apart two processes under one name.
    ``simulated``: ``event_time`` is that of a simulation or recording, which may be any.
    """

    service: Name
    state: Literal["online", "stopped", "offline"]
    version: Label | None = None
    instance: OptionalName = None
    epoch: OptionalName = None
    time: BoundedTime | None = None
    first_time: BoundedTime | None = None
    event_time: BoundedTime | None = None
    simulated: bool = False
    streams: Annotated[dict[Name, StreamEnds], Field(max_length=256)] = {}
    continues: tuple[Continued, ...] = ()
    applied: Annotated[dict[Name, dict[Name, Mark]], Field(max_length=256)] = {}
    figures: Annotated[dict[Label, bool | Int64 | float | Text], Field(max_length=4096)] = {}


class Checkpoint(Message):
    """Consumer to producer: how far each stream is durably applied, and whether more is asked for."""

    consumer: Name
    producer: Name
    streams: Annotated[dict[Name, Mark], Field(max_length=256)]


class Resent(Message):
    """One message sent again: its own topic and its payload as text."""

    topic_name: str = Field(alias="topic", max_length=65_535)
    payload: str


class Resend(Message):
    """Messages a consumer asked for, in order, with what the producer still holds."""

    consumer: Name
    producer: Name
    stream: Name
    epoch: Name
    floor: Seq
    head: Seq
    messages: tuple[Resent, ...] = ()


class DeadLetter(Sequenced):
    """What a service refused, and why. ``payload`` is base64, cut at 64 KiB."""

    service: Name
    time: Time
    reason: Text
    received_on: Text
    payload: Annotated[str, Field(max_length=100_000)]
