"""An import: events in batches that a command may carry, and after them the balances.

A row that is no event ends it, named; what went before is counted, and counts once when the mended file comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from shared.client.client import ClientError
from shared.delivery.requests import QUESTION_BYTES
from shared.messages import Event
from shared.values import CARRIED
from upskeep.transfer.rows import Row

BATCH = 300
BATCH_BYTES = 180_000  # more of them only where a single event has more
EVENT_BYTES = QUESTION_BYTES - 50_000  # whatever the suite has taken as an event
BATCH_VALUES = CARRIED.values - 100  # of the free data of a command; the rest is for what stands beside the events
Command = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]  # as Session.command


class Rows(Protocol):
    """A file to be imported. Origin and balances are known once its rows have been read."""

    path: Path
    origin: str
    balances: list[Row]

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield each event with where it stands."""


@dataclass(slots=True)
class Imported:
    """The result of an import."""

    new: int = 0
    known: int = 0
    opened: dict[str, int] = field(default_factory=dict)


def import_file(source: Rows, command: Command, step: Callable[[int], None]) -> Imported:
    """Hand everything in the file to the store; ``step`` hears of how many events went. Raises ClientError."""
    done = Imported()
    label = source.path.name[:200]

    def send(**data: Any) -> None:
        result = command("import", {"origin": source.origin, "label": label, **data})
        done.new += result["new"]
        done.known += result["known"]
        done.opened |= result["opened"]

    try:
        for batch in batches(events(source)):
            send(events=batch)
            step(len(batch))
        for first in range(0, len(source.balances), BATCH):
            send(balances=source.balances[first : first + BATCH])
    except ClientError as error:
        if not done.new:
            raise
        counted = f"{done.new:,} events were counted before that; import it again then, none counts twice"
        raise ClientError(f"{error}; {counted}") from None
    return done


def events(source: Rows) -> Iterator[tuple[Row, int]]:
    """Yield each event with its length, as it goes over the wire: without what is no part of one.

    Raises ClientError at a row that is none.
    """
    for where, row in source.rows():
        try:
            event = Event.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"])) or "event"
            raise ClientError(f"{source.path} {where}: {name}: {first['msg']} (got {first['input']!r:.60})") from None
        size = len(event.model_dump_json(exclude_none=True).encode())
        if size > EVENT_BYTES:
            raise ClientError(f"{source.path} {where}: has {size:,} bytes; an event may have {EVENT_BYTES:,}")
        yield event.model_dump(mode="json", exclude_none=True), size


def batches(found: Iterator[tuple[Row, int]]) -> Iterator[list[Row]]:
    """Yield the events in parts that are neither too many nor too long, and hold no more than a command may."""
    batch: list[Row] = []
    size = values = 0
    for row, length in found:
        count = _values(row)
        if batch and (len(batch) == BATCH or size + length > BATCH_BYTES or values + count > BATCH_VALUES):
            yield batch
            batch, size, values = [], 0, 0
        batch.append(row)
        size += length
        values += count
    if batch:
        yield batch


def _values(row: Row) -> int:
    """Count as ``shared.values`` does: the row, and each name and each value in it."""
    count = 1
    left: list[Any] = [row]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            count += 2 * len(value)
            left.extend(value.values())
        elif isinstance(value, list | tuple):
            count += len(value)
            left.extend(value)
    return count
