"""The ledger's tables of events and counters: every event once, by its id, and what was counted of each type.

``time_us`` is an event's own time, as reported. ``monotonic_us``, and the times of ``counter``, are without the jumps
of the wall clock: windows use them. The two are equal as long as the clock has never jumped.

``event_by_wall_time`` is the events by the times that the wall clock gave them, ``wall_us``. Where the clock has never
jumped it reads the index of monotonic times, so that only events whose times differ need a second index.

``expired_event_time`` holds the times of events that left the history while a window of the last day may need them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.counter_store.core.influx.points import NS_PER_US, data_to_json
from shared.instants import us_to_time
from shared.ledger import Ledger, Value, sealed
from shared.messages import Event

SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, time_us INTEGER NOT NULL, seq INTEGER NOT NULL,
    producer TEXT NOT NULL, epoch TEXT NOT NULL, site TEXT NOT NULL, category TEXT NOT NULL, severity TEXT NOT NULL,
    device TEXT, zone TEXT, data TEXT NOT NULL, metadata TEXT NOT NULL, seal INTEGER NOT NULL,
    point_ns INTEGER, monotonic_us INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS event_by_time ON event (type, monotonic_us);
CREATE INDEX IF NOT EXISTS event_moved ON event (type, time_us) WHERE monotonic_us <> time_us;
CREATE VIEW IF NOT EXISTS event_by_wall_time AS
    SELECT rowid AS row, monotonic_us AS wall_us, * FROM event WHERE monotonic_us = time_us
    UNION ALL SELECT rowid, time_us, * FROM event WHERE monotonic_us <> time_us;
CREATE INDEX IF NOT EXISTS event_by_incident ON event (json_extract(metadata, '$.incident'))
    WHERE json_extract(metadata, '$.incident') IS NOT NULL;
CREATE TABLE IF NOT EXISTS expired_event_time (type TEXT NOT NULL, monotonic_us INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS expired_by_time ON expired_event_time (type, monotonic_us);
CREATE UNIQUE INDEX IF NOT EXISTS event_by_point ON event (type, point_ns) WHERE point_ns IS NOT NULL;
CREATE TABLE IF NOT EXISTS counter (
    type TEXT PRIMARY KEY, total INTEGER NOT NULL, last_time_us INTEGER NOT NULL, first_time_us INTEGER NOT NULL,
    point_ns INTEGER, seal INTEGER NOT NULL) WITHOUT ROWID;
"""
# What an event's seal covers; the columns after it may change.
SEALED = (
    *("id", "type", "time_us", "seq", "producer", "epoch", "site", "category", "severity", "device", "zone"),
    *("data", "metadata"),
)

# Only a repeated id is passed over; any other conflict is an error.
_INSERT_EVENT = f"INSERT INTO event VALUES ({', '.join('?' * (len(SEALED) + 3))}) ON CONFLICT (id) DO NOTHING"  # noqa: S608


@dataclass(frozen=True, slots=True)
class CounterRow:
    """One type as the ledger holds it. ``point_ns`` is the time of its last ``counter`` point, if it has any."""

    type: str
    total: int
    last_us: int
    first_us: int
    point_ns: int | None

    def between(self, first_us: int, last_us: int) -> CounterRow:
        """Return the row with other times."""
        return replace(self, first_us=first_us, last_us=last_us)

    def plus(self, count: int, time_us: int) -> CounterRow:
        """Return the row with ``count`` more events at ``time_us``."""
        first_us, last_us = min(self.first_us, time_us), max(self.last_us, time_us)
        return replace(self, total=self.total + count, first_us=first_us, last_us=last_us)


class TypeHistory:
    """The steady times of one type's events, from the index. A ``core.counting.windows.EventTimes``."""

    def __init__(self, db: sqlite3.Connection, event_type: str) -> None:
        self._db = db
        self._type = event_type

    def between(self, after_us: int, until_us: int) -> int:
        """Return how many events lie in (after, until]."""
        row = self._db.execute(
            "SELECT (SELECT count(*) FROM event WHERE type = ?1 AND monotonic_us > ?2 AND monotonic_us <= ?3)"
            " + (SELECT count(*) FROM expired_event_time"
            " WHERE type = ?1 AND monotonic_us > ?2 AND monotonic_us <= ?3)",
            (self._type, after_us, until_us),
        ).fetchone()
        return int(row[0])

    def next_after(self, after_us: int) -> int | None:
        """Return the time of the first event later than ``after``, or None."""
        found = self._db.execute(
            "SELECT min(monotonic_us) FROM event WHERE type = ?1 AND monotonic_us > ?2"
            " UNION ALL SELECT min(monotonic_us) FROM expired_event_time WHERE type = ?1 AND monotonic_us > ?2",
            (self._type, after_us),
        ).fetchall()
        return min((int(us) for (us,) in found if us is not None), default=None)


class EventTable:
    """Events and counters in a ledger; all writes happen inside the caller's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._db = ledger.db

    def add(self, event: Event, time_us: int, monotonic_us: int, point_ns: int | None) -> bool:
        """Store an event; return False, and change nothing, if its id is already there."""
        row = (
            *(event.id, event.type, time_us, event.seq, event.producer, event.epoch),
            *(event.site, event.category, event.severity.value, event.device, event.zone),
            *(data_to_json(event.data), data_to_json(event.metadata)),
        )
        return self.add_row(row, monotonic_us, point_ns)

    def add_row(self, row: Sequence[Value], monotonic_us: int, point_ns: int | None) -> bool:
        """Store an event's columns ``SEALED``; return False, and change nothing, if its id is already there."""
        return self._db.execute(_INSERT_EVENT, (*sealed(*row), point_ns, monotonic_us)).rowcount == 1

    def set_point_time(self, event_id: str, event_type: str, point_ns: int) -> None:
        """Note where InfluxDB holds an event's point, or the next free place if another event's is noted there."""
        update = "UPDATE OR IGNORE event SET point_ns = ? WHERE id = ? AND type = ?"
        if self._db.execute(update, (point_ns, event_id, event_type)).rowcount == 0:
            self._db.execute(update, (self.free_ns(event_type, point_ns // NS_PER_US), event_id, event_type))

    def without_point(self, after: int, limit: int) -> list[tuple[int, Event]]:
        """Return (rowid, event) of events that have no point, in the order they came, after rowid ``after``."""
        columns = ", ".join(SEALED)
        rows = self._db.execute(
            f"SELECT rowid, {columns} FROM event WHERE rowid > ? AND point_ns IS NULL ORDER BY rowid LIMIT ?",  # noqa: S608
            (after, limit),
        )
        return [(int(rowid), read_event(row)) for rowid, *row in rows]

    def move(self, event_type: str, after_us: int, until_us: int, by_us: int) -> None:
        """Shift the events of one type with steady times in [after, until) by ``by_us``."""
        for table in ("event", "expired_event_time"):
            self._db.execute(
                f"UPDATE {table} SET monotonic_us = monotonic_us + ?"  # noqa: S608
                " WHERE type = ? AND monotonic_us >= ? AND monotonic_us < ?",
                (by_us, event_type, after_us, until_us),
            )

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
        """Insert or replace counters."""
        self._db.executemany(
            "INSERT OR REPLACE INTO counter VALUES (?, ?, ?, ?, ?, ?)",
            [sealed(row.type, row.total, row.last_us, row.first_us, row.point_ns) for row in rows],
        )

    def steady_ends(self) -> dict[str, tuple[int, int]]:
        """Return the first and the last steady time of each type in the history."""
        rows = self._db.execute("SELECT type, min(monotonic_us), max(monotonic_us) FROM event GROUP BY type")
        return {name: (first_us, last_us) for name, first_us, last_us in rows}

    def held(self) -> dict[str, int]:
        """Return how many events of each type the history holds."""
        return dict(self._db.execute("SELECT type, count(*) FROM event GROUP BY type"))


def read_event(row: Sequence[Any]) -> Event:
    """Return the event of a row of the columns ``SEALED``."""
    fields = dict(zip(SEALED, row, strict=True))
    time = us_to_time(fields.pop("time_us"))
    texts = {name: json.loads(fields.pop(name)) for name in ("data", "metadata")}
    return Event(time=time, **fields, **texts)
