"""What a site says to the fleet's log: one record for each event, alert and state (docs/adr/0049).

Rules:
1. A record's key is its site, so that one partition holds a site's records in order. Its value is one JSON object.
2. (site, producer, stream, epoch, seq) is its place. In one epoch ``seq`` only grows, by more than one where something
   is gone for good; the same place again is a repeat.
3. An event keeps the place that its producer gave it. An alert or a state is a latest value without a place of its own:
   it is given one by the uplink, in streams of the uplink's own (``LATEST``). Their numbers are times in microseconds:
   only what is smaller or equal says something, and a step over numbers does not.
4. Unknown fields are ignored. Whatever else is wrong raises UnreadableError, which names every fault.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from shared.delivery.decoding import FAULTS_NAMED, PLACE_CHARS, UnreadableError
from shared.messages import Alert, DeviceState, Event
from shared.names import Name
from shared.values import Seq

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


class EventRecord(_Record):
    """An event of a site, in the place that event_processor gave it."""

    kind: Literal["event"] = "event"
    message: Event

    @model_validator(mode="after")
    def _agrees(self) -> EventRecord:
        """Refuse a record around another site's or another place's event: it would be counted twice."""
        for name in ("site", "producer", "epoch", "seq"):
            if getattr(self, name) != getattr(self.message, name):
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}, and its event says {getattr(self.message, name)!r}"
                )
        return self


class AlertRecord(_Record):
    """An alert's present state at a site."""

    kind: Literal["alert"] = "alert"
    message: Alert


class StateRecord(_Record):
    """What is known now of a site's device."""

    kind: Literal["state"] = "state"
    message: DeviceState


SiteRecord = EventRecord | AlertRecord | StateRecord
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
