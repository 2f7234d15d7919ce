"""Aggregates made anew from events: for a ledger of a version without aggregates, and for a damaged one.

Rules:
1. ``aggregated`` in the ledger's state is the rowid up to which events are in the aggregates. Rows beyond it were
   written by a version that made none; they are added at the start.
2. Of a damaged ledger every sound event is added, and of every sound cell and counter what it counts beyond those:
   events that had left the history, or whose rows cannot be read. Such a cell or type has *credit*.
3. An event that comes again, from its producer or from InfluxDB, and finds credit in its cell or type is one of those:
   it is stored, but not counted again. One later than the last that was counted there is new.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from services.counter_store.adapters.tables.aggregates import Aggregates, BatchCounts
from services.counter_store.adapters.tables.events import CounterRow, EventTable
from services.counter_store.core.counting.series import HOURS_PER_DAY, Cell, Series, hour_of
from shared.ledger import Ledger, is_sound
from shared.ledger.salvage import UNREADABLE
from shared.messages import Severity

SCHEMA = """
CREATE TABLE IF NOT EXISTS credit (
    name TEXT NOT NULL, unit INTEGER NOT NULL, owner TEXT NOT NULL, count INTEGER NOT NULL, until_us INTEGER NOT NULL,
    PRIMARY KEY (name, unit, owner)) WITHOUT ROWID;
"""
KEY = "aggregated"
CHUNK = 20_000
UNKNOWN = "unknown"  # the category of counts whose series cannot be read
_KEYS = {"hourly": "hour, series", "daily": "day, series", "series": "id", "counter": "type"}


def catch_up(ledger: Ledger, aggregates: Aggregates) -> int:
    """Add the events that are not in the aggregates yet; returns how many. Call inside ``transaction``."""
    added, after = 0, int(ledger.get(KEY) or b"0")
    while True:
        rows = ledger.db.execute(
            "SELECT rowid, time_us, type, category, severity, device, zone FROM event WHERE rowid > ?"
            " ORDER BY rowid LIMIT ?",
            (after, CHUNK),
        ).fetchall()
        if not rows:
            return added
        harvest = BatchCounts()
        for _, time_us, *dimensions in rows:
            harvest.add(_series(dimensions), time_us)
        aggregates.add(harvest)
        added, after = added + len(rows), rows[-1][0]
        mark_aggregated(ledger, after)


def mark_aggregated(ledger: Ledger, rowid: int) -> None:
    """Keep that every event up to ``rowid`` is in the aggregates."""
    ledger.put(KEY, str(rowid).encode())


def salvage_counts(damaged: sqlite3.Connection, ledger: Ledger) -> int:
    """Count anew from the events in ``ledger`` and the sound rows of ``damaged``; return the total."""
    aggregates = Aggregates(ledger)
    catch_up(ledger, aggregates)
    series = {int(row[0]): _series(row[1:6]) for row in _sound(damaged, "series")}
    hours = {
        (int(hour), int(number)): Cell(*cell)
        for hour, number, *cell, _ in _sound(damaged, "hourly")
        if number in series
    }
    _add_beyond(ledger, aggregates, damaged, series, hours)
    counters = {
        str(name): Cell(total, first_us, last_us) for name, total, last_us, first_us, *_ in _sound(damaged, "counter")
    }
    return _count_anew(ledger, aggregates, counters)


def use_credit(ledger: Ledger, aggregates: Aggregates, series: Series, time_us: int) -> bool:
    """Whether an event that was not in the history has been counted already."""
    owner, hour = str(aggregates.number(series)), hour_of(time_us)
    places = (("hourly", hour, owner), ("daily", hour // HOURS_PER_DAY, owner), ("counter", 0, series.type))
    update = (
        "UPDATE credit SET count = count - 1 WHERE name = ? AND unit = ? AND owner = ? AND count > 0 AND until_us >= ?"
    )
    return any(ledger.db.execute(update, (*place, time_us)).rowcount for place in places)


def has_credit(ledger: Ledger) -> bool:
    """Whether there is any."""
    return ledger.db.execute("SELECT 1 FROM credit WHERE count > 0 LIMIT 1").fetchone() is not None


def _add_beyond(
    ledger: Ledger,
    aggregates: Aggregates,
    damaged: sqlite3.Connection,
    series: dict[int, Series],
    hours: dict[tuple[int, int], Cell],
) -> None:
    """Add what cells count beyond the present events; a day includes the hours without a cell of their own."""
    for (hour, number), cell in hours.items():
        known = aggregates.cell("hourly", hour, series[number])
        _add_missing(ledger, aggregates, ("hourly", hour, series[number]), cell, known)
    for day, number, *values, _ in _sound(damaged, "daily"):
        if number in series:
            inside = (day * HOURS_PER_DAY + hour for hour in range(HOURS_PER_DAY))
            known = sum(
                aggregates.cell("hourly", hour, series[number]) for hour in inside if (hour, number) not in hours
            )
            _add_missing(ledger, aggregates, ("daily", day, series[number]), Cell(*values), known)


def _add_missing(
    ledger: Ledger, aggregates: Aggregates, place: tuple[str, int, Series], cell: Cell, known: int
) -> None:
    missing = cell.count - known
    if missing > 0:
        table, unit, series = place
        aggregates.add_cell(table, unit, series, Cell(missing, cell.first_us, cell.last_us))
        _credit(ledger, (table, unit, str(aggregates.number(series))), missing, cell.last_us)


def _credit(ledger: Ledger, place: tuple[str, int, str], count: int, until_us: int) -> None:
    ledger.db.execute("INSERT OR REPLACE INTO credit VALUES (?, ?, ?, ?, ?)", (*place, count, until_us))


def _count_anew(ledger: Ledger, aggregates: Aggregates, stored: dict[str, Cell]) -> int:
    """Write every counter: the sum of its cells, at least the total of its sound counter."""
    counted = aggregates.ever()
    known = {series.type: series for series in reversed(aggregates.series.values())}
    for name, cell in stored.items():
        missing = cell.count - (counted[name].count if name in counted else 0)
        if missing > 0:  # the cells that held them cannot be read: they stand where the type began
            series = known.get(name, Series(name, UNKNOWN, Severity.WARNING))
            day = hour_of(cell.first_us) // HOURS_PER_DAY
            aggregates.add_cell("daily", day, series, Cell(missing, cell.first_us, cell.first_us))
            _credit(ledger, ("counter", 0, name), missing, cell.last_us)
    ever = aggregates.ever()
    table = EventTable(ledger)
    table.save(CounterRow(name, cell.count, cell.last_us, cell.first_us, None) for name, cell in ever.items())
    return sum(cell.count for cell in ever.values())


def _series(dimensions: list[str | None]) -> Series:
    event_type, category, severity, device, zone = dimensions
    return Series(str(event_type), str(category), Severity(str(severity)), device, zone)


def _sound(db: sqlite3.Connection, table: str) -> Iterator[list[Any]]:
    """Yield the sound rows of a table: from its beginning to where it cannot be read, and from its end back."""
    seen: set[tuple[Any, ...]] = set()
    keys = _KEYS[table]
    for order in (keys, ", ".join(f"{key} DESC" for key in keys.split(", "))):
        try:
            for row in db.execute(f"SELECT * FROM {table} ORDER BY {order}"):  # noqa: S608 - names of our own
                if is_sound(row) and row not in seen:
                    seen.add(row)
                    yield list(row)
        except UNREADABLE:
            continue
        return
