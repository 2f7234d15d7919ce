"""What a site says to the fleet's log: a record for each event, alert and state (docs/adr/0049).

A site that only reads says its frames and what is offered there instead (docs/adr/0055, docs/adr/0058).

Rules:
1. A record's key is its site, so that one partition holds a site's records in order, each device's frames among them.
   Its value is one JSON object.
2. (site, producer, stream, epoch, seq) is its place. In one epoch ``seq`` only grows, by more than one where something
   is gone for good; the same place again is a repeat.
3. An event and a frame keep the place that their producer gave them. An alert or a state is a latest value without a
   place of its own: it is given one by the uplink, in streams of the uplink's own (``LATEST``). Their numbers are times
   in microseconds: only what is smaller or equal says something, and a step over numbers does not.
4. An offer is numbered by the uplink, 1, 2, 3 …; an event that is offered twice by one id is one record.
5. Unknown fields are ignored. Whatever else is wrong raises UnreadableError, which names every fault.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from shared.delivery.decoding import FAULTS_NAMED, PLACE_CHARS, UnreadableError
from shared.messages import Alert, Candidate, DeviceState, Event, Frame, Sequenced
from shared.names import Name
from shared.values import Seq, Time

LATEST = ("alert", "state")  # streams of latest values: no step over numbers is a gap
TOPIC = "upskeep.site"
RECORD_BYTES = 1_048_576  # what a Kafka broker takes of one record by its own settings, but for 12 bytes
Place = Annotated[Seq, Field(ge=1)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)

    v: Literal[1] = 1
    site: Name
    producer: Name
    stream: Name
    epoch: Name
    seq: Place


R = TypeVar("R", bound=_Record)


def _agreeing(record: R, message: Sequenced) -> R:
    for name in ("producer", "epoch", "seq"):
        if getattr(record, name) != getattr(message, name):
            what = type(message).__name__.lower()
            raise ValueError(f"{name} is {getattr(record, name)!r}, and its {what} says {getattr(message, name)!r}")
    return record


class EventRecord(_Record):
    """An event of a site, in the place that event_processor gave it."""

    kind: Literal["event"] = "event"
    message: Event

    @model_validator(mode="after")
    def _agrees(self) -> EventRecord:
        """Refuse a record around another site's or another place's event: it would be counted twice."""
        if self.site != self.message.site:
            raise ValueError(f"site is {self.site!r}, and its event says {self.message.site!r}")
        return _agreeing(self, self.message)


class AlertRecord(_Record):
    """An alert's present state at a site."""

    kind: Literal["alert"] = "alert"
    message: Alert


class StateRecord(_Record):
    """What is known now of a site's device."""

    kind: Literal["state"] = "state"
    message: DeviceState


class RawRecord(_Record):
    """A frame of a site that only reads, in the place that its reader gave it."""

    kind: Literal["raw"] = "raw"
    message: Frame

    @model_validator(mode="after")
    def _agrees(self) -> RawRecord:
        """Refuse a record around another place's frame."""
        return _agreeing(self, self.message)


class OfferRecord(_Record):
    """An event that ``offered_by`` offers at a site that only reads, and when that came by the site's clock."""

    kind: Literal["offer"] = "offer"
    offered_by: Name
    received_at: Time
    message: Candidate


SiteRecord = EventRecord | AlertRecord | StateRecord | RawRecord | OfferRecord
_READER: TypeAdapter[SiteRecord] = TypeAdapter(Annotated[SiteRecord, Field(discriminator="kind")])


def event_record(event: Event) -> EventRecord:
    """Return the record of an event that has its place."""
    return EventRecord(
        site=event.site,
        producer=event.producer,
        stream="event",
        epoch=event.epoch,
        seq=event.seq,
        message=event,
    )


def raw_record(site: str, frame: Frame) -> RawRecord:
    """Return the record of a frame that has its place."""
    return RawRecord(site=site, producer=frame.producer, stream="raw", epoch=frame.epoch, seq=frame.seq, message=frame)


def time_of(record: SiteRecord) -> datetime:
    """Return when what a record says was so, by the site's clock."""
    return (record.message.time or record.received_at) if record.kind == "offer" else record.message.time


def encode(record: SiteRecord) -> tuple[bytes, bytes]:
    """Return a record's key and value."""
    return record.site.encode(), record.model_dump_json(exclude_none=True).encode()


def decode(key: bytes | None, value: bytes | None) -> SiteRecord:
    """Return the record of a key and a value as they are in the log; raises UnreadableError."""
    if value is None or len(value) > RECORD_BYTES:
        raise UnreadableError(f"a record has 1 to {RECORD_BYTES} bytes (got {0 if value is None else len(value)})")
    try:
        record = _READER.validate_json(value)
    except ValidationError as error:
        raise UnreadableError(_faults(error)) from None
    if key != record.site.encode():
        raise UnreadableError(f"its key is {repr(key)[:PLACE_CHARS]}, and it says the site {record.site!r}")
    return record


def _faults(error: ValidationError) -> str:
    parts = []
    for item in error.errors(include_url=False)[:FAULTS_NAMED]:
        place = ".".join(str(step) for step in item["loc"])[:PLACE_CHARS]
        parts.append(f"{place or 'record'}: {item['msg']} (got {repr(item['input'])[:60]})")
    return "; ".join(parts)
