"""The ledger's tables of events and counters: every event once, by its id, and what was counted of each type."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.counter_store.core.points import NS_PER_US, data_to_json
from shared.ledger import Ledger
from shared.messages import Event

SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, time_us INTEGER NOT NULL, seq INTEGER NOT NULL,
    producer TEXT NOT NULL, epoch TEXT NOT NULL, site TEXT NOT NULL, category TEXT NOT NULL, severity TEXT NOT NULL,
    device TEXT, zone TEXT, data TEXT NOT NULL, metadata TEXT NOT NULL, point_ns INTEGER);
CREATE INDEX IF NOT EXISTS event_by_time ON event (type, time_us);
CREATE UNIQUE INDEX IF NOT EXISTS event_by_point ON event (type, point_ns) WHERE point_ns IS NOT NULL;
CREATE TABLE IF NOT EXISTS counter (
    type TEXT PRIMARY KEY, total INTEGER NOT NULL, last_time_us INTEGER NOT NULL, first_time_us INTEGER NOT NULL,
    point_ns INTEGER) WITHOUT ROWID;
"""

# Only a repeated id is passed over; any other conflict is an error.
_INSERT_EVENT = f"INSERT INTO event VALUES ({', '.join('?' * 14)}) ON CONFLICT (id) DO NOTHING"  # noqa: S608


@dataclass(frozen=True, slots=True)
class CounterRow:
    """One type as the ledger holds it. ``point_ns`` is the time of its last ``counter`` point, if it has any."""

    type: str
    total: int
    last_us: int
    first_us: int
    point_ns: int | None


class TypeHistory:
    """The times of one type's events, from the index. A ``core.windows.History``."""

    def __init__(self, db: sqlite3.Connection, event_type: str) -> None:
        self._db = db
        self._type = event_type

    def between(self, after_us: int, until_us: int) -> int:
        """Return how many events lie in (after, until]."""
        row = self._db.execute(
            "SELECT count(*) FROM event WHERE type = ? AND time_us > ? AND time_us <= ?",
            (self._type, after_us, until_us),
        ).fetchone()
        return int(row[0])

    def next_after(self, after_us: int) -> int | None:
        """Return the time of the first event later than ``after``, or None."""
        row = self._db.execute(
            "SELECT min(time_us) FROM event WHERE type = ? AND time_us > ?", (self._type, after_us)
        ).fetchone()
        return None if row[0] is None else int(row[0])


class EventTable:
    """Events and counters in a ledger; all writes happen inside the caller's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._db = ledger.db

    def add(self, event: Event, time_us: int, point_ns: int | None) -> bool:
        """Keep an event; returns False, and changes nothing, if its id is already there."""
        row = (
            *(event.id, event.type, time_us, event.seq, event.producer, event.epoch),
            *(event.site, event.category, event.severity.value, event.device, event.zone),
            *(data_to_json(event.data), data_to_json(event.metadata), point_ns),
        )
        return self._db.execute(_INSERT_EVENT, row).rowcount == 1

    def history(self, event_type: str) -> TypeHistory:
        """Return the times of one type's events."""
        return TypeHistory(self._db, event_type)

    def free_ns(self, event_type: str, time_us: int) -> int:
        """Return the first nanosecond from ``time_us`` on that no point of this type holds."""
        first_ns = time_us * NS_PER_US
        while True:
            last_ns = first_ns + NS_PER_US - 1
            (taken_ns,) = self._db.execute(
                "SELECT max(point_ns) FROM event WHERE type = ? AND point_ns BETWEEN ? AND ?",
                (event_type, first_ns, last_ns),
            ).fetchone()
            if taken_ns is None:
                return first_ns
            if taken_ns < last_ns:
                return int(taken_ns) + 1
            first_ns += NS_PER_US

    def counters(self) -> Iterator[CounterRow]:
        """Yield every counter, by type."""
        rows = self._db.execute(
            "SELECT type, total, last_time_us, first_time_us, point_ns FROM counter ORDER BY type"
        ).fetchall()
        return (CounterRow(*row) for row in rows)

    def save(self, rows: Iterable[CounterRow]) -> None:
        """Write counters, new ones or in place of what was there."""
        self._db.executemany(
            "INSERT INTO counter VALUES (?, ?, ?, ?, ?) ON CONFLICT (type) DO UPDATE SET total = excluded.total,"
            " last_time_us = excluded.last_time_us, first_time_us = excluded.first_time_us,"
            " point_ns = excluded.point_ns",
            [(row.type, row.total, row.last_us, row.first_us, row.point_ns) for row in rows],
        )
