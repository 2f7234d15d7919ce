"""Questions to the events that are in the history: pages of them, one by id, and the times of a type.

Everything is answered from an index and stops at a bound. Times are those the events were told with.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.counter_store.adapters.events import SEALED, read_event
from services.counter_store.core.counted import Series
from services.counter_store.core.pages import Cursor
from shared.ledger import Ledger
from shared.messages import Event

_COLUMNS = ", ".join(SEALED)
_INCIDENT = "json_extract(metadata, '$.incident')"
Row = tuple[int, int, Event]  # time_us, rowid, event


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events are wanted: those within [since, until] that meet every condition."""

    since_us: int
    until_us: int
    conditions: Mapping[str, Any] = field(default_factory=dict)  # SQL → its value, or a tuple of one for each ?


class History:
    """Reads the history; changes nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._db = ledger.db

    def event(self, event_id: str) -> Event | None:
        """Return the event of an id, or None where the history does not hold it."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM event WHERE id = ?", (event_id,)).fetchone()  # noqa: S608
        return None if row is None else read_event(row)

    def by_types(self, types: Iterable[str], choice: Choice, cursor: Cursor | None, newest: bool) -> Iterator[Row]:
        """Yield events of these types in the order of their times, newest or oldest first, after ``cursor``."""
        each = [self._walk("type = ?", name, choice, cursor, newest) for name in types]
        return heapq.merge(*each, key=lambda row: row[:2], reverse=newest)

    def by_incident(self, incident: str, choice: Choice, cursor: Cursor | None, newest: bool) -> Iterator[Row]:
        """Yield events of an incident."""
        return self._walk(f"{_INCIDENT} = ?", incident, choice, cursor, newest)

    def times(self, event_type: str, after_us: int, until_us: int, limit: int) -> list[int]:
        """Return the newest ``limit`` times of a type in (after, until], in order."""
        rows = self._db.execute(
            "SELECT time_us FROM event WHERE type = ? AND time_us > ? AND time_us <= ? ORDER BY time_us DESC LIMIT ?",
            (event_type, after_us, until_us, limit),
        ).fetchall()
        return [int(row[0]) for row in reversed(rows)]

    def turns(self, event_type: str, until_us: int, limit: int) -> list[tuple[str | None, int]]:
        """Return (device, steady time) of the newest ``limit`` events of a type told up to ``until``, in order."""
        rows = self._db.execute(
            "SELECT device, steady_us FROM event WHERE type = ? AND time_us <= ? ORDER BY time_us DESC LIMIT ?",
            (event_type, until_us, limit),
        ).fetchall()
        return [(device, int(us)) for device, us in reversed(rows)]

    def last(self, series: Series, types: Sequence[str], until_us: int) -> int | None:
        """Return the last time of an event of ``types`` on the device of ``series``, up to ``until``."""
        found = [
            self._db.execute(
                "SELECT time_us FROM event WHERE type = ? AND time_us <= ? AND device IS ?"
                " ORDER BY time_us DESC LIMIT 1",
                (name, until_us, series.device),
            ).fetchone()
            for name in types
        ]
        return max((int(row[0]) for row in found if row is not None), default=None)

    def processing_ms(self, limit: int) -> list[float]:
        """Return how long each of the newest events took event_processor, where that is known, newest first."""
        rows = self._db.execute(
            "SELECT took FROM (SELECT rowid, json_extract(metadata, '$.processing_ms') AS took FROM event"
            " ORDER BY rowid DESC LIMIT ?) WHERE typeof(took) IN ('integer', 'real')",
            (limit,),
        )
        return [float(took) for (took,) in rows]

    def _walk(self, by: str, value: str, choice: Choice, cursor: Cursor | None, newest: bool) -> Iterator[Row]:
        wanted = {f"({by})": value, "time_us >= ?": choice.since_us, "time_us <= ?": choice.until_us}
        wanted |= choice.conditions
        sign, order = ("<", "DESC") if newest else (">", "ASC")
        if cursor is not None:
            wanted[f"(time_us, rowid) {sign} (?, ?)"] = (cursor.time_us, cursor.row)
        values = [part for value in wanted.values() for part in (value if isinstance(value, tuple) else (value,))]
        rows = self._db.execute(
            f"SELECT rowid, {_COLUMNS} FROM event WHERE {' AND '.join(wanted)}"  # noqa: S608 - conditions of our own
            f" ORDER BY time_us {order}, rowid {order}",
            values,
        )
        for rowid, *row in rows:
            yield int(row[SEALED.index("time_us")]), int(rowid), read_event(row)
