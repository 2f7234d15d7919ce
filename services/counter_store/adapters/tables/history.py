"""Queries of the history: pages of events, one event by id, and the times of a type.

Everything is answered from an index and stops at a bound. Times are those the events came with.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.counter_store.adapters.tables.events import SEALED, read_event
from services.counter_store.core.history.cursor import Cursor
from services.counter_store.core.statistics.turns import LENGTHS, ReportedTurn, late_us, length_us
from shared.jumps import CLOCK_JUMP, Jump, read_jump
from shared.ledger import Ledger
from shared.messages import Event

_COLUMNS = ", ".join(SEALED)
_EVENTS = "(SELECT time_us AS wall_us, rowid AS row, * FROM event)"
_INCIDENT = "json_extract(metadata, '$.incident')"
_SINCE = "json_extract(data, '$.since')"
_LENGTH = "coalesce(" + ", ".join(f"json_extract(data, '$.{name}')" for name in LENGTHS) + ")"
Row = tuple[int, int, Event]  # time_us, rowid, event


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Selects the events within [since, until] that meet every condition."""

    since_us: int
    until_us: int
    conditions: Mapping[str, Any] = field(default_factory=dict)  # SQL → its value, or a tuple of one for each ?

    def from_cursor(self, cursor: Cursor, newest: bool) -> EventFilter:
        """Return the filter from a cursor's time on: SQLite can seek a time in an index, but not the pair."""
        if newest:
            return replace(self, until_us=min(self.until_us, cursor.time_us))
        return replace(self, since_us=max(self.since_us, cursor.time_us))


class History:
    """Reads the history; changes nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._db = ledger.db

    def event(self, event_id: str) -> Event | None:
        """Return the event of an id, or None where the history does not hold it."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM event WHERE id = ?", (event_id,)).fetchone()  # noqa: S608
        return None if row is None else read_event(row)

    def held(self) -> dict[str, int]:
        """Return how many events of each type there are."""
        return dict(self._db.execute("SELECT type, count(*) FROM event GROUP BY type ORDER BY type"))

    def by_types(self, types: Iterable[str], choice: EventFilter, cursor: Cursor | None, newest: bool) -> Iterator[Row]:
        """Yield events of these types in the order of their times, newest or oldest first, after ``cursor``."""
        each = [self._walk("event_by_wall_time", "type = ?", name, choice, cursor, newest) for name in types]
        return heapq.merge(*each, key=lambda row: row[:2], reverse=newest)

    def by_incident(self, incident: str, choice: EventFilter, cursor: Cursor | None, newest: bool) -> Iterator[Row]:
        """Yield events of an incident."""
        return self._walk(_EVENTS, f"{_INCIDENT} = ?", incident, choice, cursor, newest)

    def times(self, event_type: str, after_us: int, until_us: int, limit: int) -> list[int]:
        """Return the newest ``limit`` times of a type in (after, until], in order."""
        rows = self._db.execute(
            "SELECT wall_us FROM event_by_wall_time WHERE type = ? AND wall_us > ? AND wall_us <= ?"
            " ORDER BY wall_us DESC LIMIT ?",
            (event_type, after_us, until_us, limit),
        ).fetchall()
        return [int(row[0]) for row in reversed(rows)]

    def turns(self, event_type: str, until_us: int, limit: int) -> list[ReportedTurn]:
        """Return a type's newest ``limit`` events reported up to ``until``, in order."""
        rows = self._db.execute(
            f"SELECT wall_us, device, monotonic_us, {_SINCE}, {_LENGTH} FROM event_by_wall_time"  # noqa: S608
            " WHERE type = ? AND wall_us <= ? ORDER BY wall_us DESC LIMIT ?",
            (event_type, until_us, limit),
        ).fetchall()
        return [
            ReportedTurn(int(us), device, int(monotonic_us), late_us(int(us), since), length_us(lasted))
            for us, device, monotonic_us, since, lasted in reversed(rows)
        ]

    def jumps(self, until_us: int, limit: int) -> list[tuple[int, Jump]]:
        """Return (steady time, jump) of the clock's newest ``limit`` steps up to ``until``, in steady order."""
        rows = self._db.execute(
            "SELECT monotonic_us, data FROM event_by_wall_time WHERE type = ? AND wall_us <= ?"
            " ORDER BY wall_us DESC LIMIT ?",
            (CLOCK_JUMP, until_us, limit),
        ).fetchall()
        found = ((int(us), read_jump(json.loads(data))) for us, data in sorted(rows))
        return [(us, jump) for us, jump in found if jump is not None]

    def last(self, device: str | None, types: Sequence[str], until_us: int) -> int | None:
        """Return the last time of an event of ``types`` on a device, up to ``until``."""
        found = [
            self._db.execute(
                "SELECT wall_us FROM event_by_wall_time WHERE type = ? AND wall_us <= ? AND device IS ?"
                " ORDER BY wall_us DESC LIMIT 1",
                (name, until_us, device),
            ).fetchone()
            for name in types
        ]
        return max((int(row[0]) for row in found if row is not None), default=None)

    def count(self, event_type: str) -> int:
        """Return how many events of a type there are."""
        (held,) = self._db.execute("SELECT count(*) FROM event WHERE type = ?", (event_type,)).fetchone()
        return int(held)

    def processing_ms(self, limit: int) -> list[float]:
        """Return how long each of the newest events took event_processor, where that is known, newest first."""
        rows = self._db.execute(
            "SELECT took FROM (SELECT rowid, json_extract(metadata, '$.processing_ms') AS took FROM event"
            " ORDER BY rowid DESC LIMIT ?) WHERE typeof(took) IN ('integer', 'real')",
            (limit,),
        )
        return [float(took) for (took,) in rows]

    def _walk(
        self, table: str, by: str, value: str, choice: EventFilter, cursor: Cursor | None, newest: bool
    ) -> Iterator[Row]:
        sign, order = ("<", "DESC") if newest else (">", "ASC")
        wanted: dict[str, Any] = {by: value, **choice.conditions}
        if cursor is not None:
            choice = choice.from_cursor(cursor, newest)
            wanted[f"(wall_us, row) {sign} (?, ?)"] = (cursor.time_us, cursor.row)
        wanted |= {"wall_us >= ?": choice.since_us, "wall_us <= ?": choice.until_us}
        values = [part for value in wanted.values() for part in (value if isinstance(value, tuple) else (value,))]
        rows = self._db.execute(
            f"SELECT wall_us, row, {_COLUMNS} FROM {table} WHERE {' AND '.join(wanted)}"  # noqa: S608 - our own
            f" ORDER BY wall_us {order}, row {order}",
            values,
        )
        for wall_us, rowid, *row in rows:
            yield int(wall_us), int(rowid), read_event(row)
