"""A record as it is in the log, read; or why it is refused."""

from __future__ import annotations

from dataclasses import dataclass

from shared.delivery.decoding import UnreadableError
from shared.site_records import SiteRecord, decode

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Arrival:
    """One record of the log: where it is, and what it is."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An arrival that is a dead letter, and why."""

    arrival: Arrival
    reason: str


@dataclass(frozen=True, slots=True)
class Read:
    """An arrival with its record."""

    arrival: Arrival
    record: SiteRecord


def read(arrival: Arrival) -> Read | Refusal:
    """Return one arrival as a record, or the reason of its refusal; never raises, whatever the sender wrote."""
    try:
        record = decode(arrival.key, arrival.value)
    except UnreadableError as error:
        return Refusal(arrival, str(error)[:LONGEST_REASON])
    if arrival.value is not None and b"\\u0000" in arrival.value and "\x00" in _texts(record):
        return Refusal(arrival, "a text holds the sign NUL, which PostgreSQL cannot")
    return Read(arrival, record)


def _texts(record: SiteRecord) -> str:
    """Return every text of a record in one, for a look at its signs."""
    found: list[str] = []
    todo: list[object] = [record.message.model_dump()]
    while todo:
        each = todo.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, dict):
            todo += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple):
            todo += each
    return "".join(found)
