"""``event_counters.json`` as the UPS Monitor wrote it: totals, and the newest records of each type.

A record has no id; it gets one of its type, time and number, so that it is the same however often it is imported. What
of a total has no record becomes an opening balance. Times without a zone are those of ``zone``.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from shared.client.client import ClientError
from shared.messages import Name
from upskeep.transfer.rows import Row

SPACE = uuid.UUID("a4b41f0e-1d57-5c52-9f0b-0c8f9f7f1f0a")
ORIGIN = "event_counters.json"
MOST_BYTES = 100_000_000  # read as a whole
Kind = Callable[[str], tuple[str, str]]  # type → category, severity


class Record(BaseModel):
    """One event as the seed kept it."""

    timestamp: datetime
    counter_value: int | None = None
    metadata: dict[str, Any] = {}


class SeedCounters(BaseModel):
    """The file."""

    counters: dict[Name, Annotated[int, Field(ge=0)]]
    last_updated: datetime | None = None
    export_timestamp: datetime | None = None
    event_history: dict[Name, list[Record]] = {}


@dataclass(slots=True)
class SeedSource:
    """The file as events and balances, as ``readers.Source`` gives them."""

    path: Path
    site: str
    zone: tzinfo
    kind: Kind
    origin: str = ORIGIN
    balances: list[Row] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield each record as an event; raises ClientError where the file is of another kind."""
        found = self._read()
        seen: Counter[str] = Counter()
        for name, records in found.event_history.items():
            for number, record in enumerate(records, 1):
                cause = f"{name}|{record.timestamp.isoformat()}|{record.counter_value}"
                seen[cause] += 1
                event_id = uuid.uuid5(SPACE, f"{cause}|{seen[cause]}")
                yield f"event_history.{name}, record {number}", self._event(name, record, str(event_id))
        self.balances = list(self._balances(found))

    def _read(self) -> SeedCounters:
        try:
            if (size := self.path.stat().st_size) > MOST_BYTES:
                raise ValueError(f"it has {size:,} bytes, and the UPS Monitor kept 1,000 records of a type at most")
            return SeedCounters.model_validate(json.loads(self.path.read_text(encoding="utf-8")))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ClientError(f"{self.path}: {where}: {first['msg']} (got {first['input']!r:.60})") from None
        except (OSError, ValueError, RecursionError) as error:
            raise ClientError(f"{self.path} cannot be read: {error}") from None

    def _event(self, name: str, record: Record, event_id: str) -> Row:
        category, severity = self.kind(name)
        time = self._aware(record.timestamp)
        return {
            "id": event_id,
            "type": name,
            "category": category,
            "severity": severity,
            "time": time.isoformat(),
            "site": self.site,
            "data": record.metadata,
            "metadata": {"imported": ORIGIN, "counter_value": record.counter_value},
        }

    def _balances(self, found: SeedCounters) -> Iterator[Row]:
        updated = found.last_updated or found.export_timestamp
        for name, total in found.counters.items():
            records = found.event_history.get(name, [])
            times = [self._aware(record.timestamp) for record in records]
            first = min(times, default=None if updated is None else self._aware(updated))
            if total <= len(records):
                continue
            if first is None:
                raise ClientError(f"{self.path}: counters.{name}: the file has no time; add last_updated")
            category, severity = self.kind(name)
            at = first - timedelta(microseconds=1)
            known: Mapping[str, Any] = {"type": name, "category": category, "severity": severity}
            yield {**known, "count": total - len(records), "at": at.isoformat()}

    def _aware(self, time: datetime) -> datetime:
        return time if time.tzinfo else time.replace(tzinfo=self.zone)
