"""The ledger's aggregates, which stay for good: series, hours, days, episodes (``core/counting/series.py``).

Rules:
1. They change in the transaction that counts the event, and nothing else changes them: a recount gives the same.
2. ``hourly`` begins with the hour, so that a batch touches the newest page of it and no other.
3. At most ``MAX_SERIES`` series are distinguished; an event of a further one is counted without its device and zone,
   and beyond twice as many without its category.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from services.counter_store.core.counting.series import (
    EPISODE_GAP_US,
    HOURS_PER_DAY,
    Cell,
    Count,
    Episode,
    Series,
    hour_of,
    join_episodes,
)
from services.counter_store.core.span import FIRST_US
from services.counter_store.core.time_units import DAY_US, HOUR_US
from shared.ledger import Ledger, sealed
from shared.messages import Severity

_CELLS = """
CREATE TABLE IF NOT EXISTS {name} (
    {unit} INTEGER NOT NULL, series INTEGER NOT NULL, count INTEGER NOT NULL, first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY ({unit}, series)) WITHOUT ROWID;
"""
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, type TEXT NOT NULL, category TEXT NOT NULL, severity TEXT NOT NULL, device TEXT, zone TEXT,
    seal INTEGER NOT NULL);
{_CELLS.format(name="hourly", unit="hour")}{_CELLS.format(name="daily", unit="day")}
CREATE TABLE IF NOT EXISTS episode (
    series INTEGER NOT NULL, began_us INTEGER NOT NULL, ended_us INTEGER NOT NULL, count INTEGER NOT NULL,
    seal INTEGER NOT NULL, PRIMARY KEY (series, began_us)) WITHOUT ROWID;
"""
COMPACTED = "compacted"  # in the ledger's state: the hour before which hours have become days
UNITS = {"hourly": "hour", "daily": "day"}
MAX_SERIES = 5_000
REST_CATEGORY = "other"  # of twice as many series: senders invent categories too


class BatchCounts:
    """What one batch adds to the aggregates: cells by (series, hour), and times by series where they matter."""

    def __init__(self) -> None:
        self.cells: dict[tuple[Series, int], list[int]] = {}  # count, first and last time
        self.episodes: dict[Series, list[Episode]] = {}

    def add(self, series: Series, time_us: int) -> None:
        """Count one event."""
        place = (series, hour_of(time_us))
        known = self.cells.get(place)
        if known is None:
            self.cells[place] = [1, time_us, time_us]
        else:
            known[:] = known[0] + 1, min(known[1], time_us), max(known[2], time_us)
        if series.matters:
            self.episodes.setdefault(series, []).append(Episode(time_us, time_us, 1))

    def __bool__(self) -> bool:
        return bool(self.cells)


class Aggregates:
    """Counts by hour and by day, and episodes. All writes happen inside the caller's transaction."""

    def __init__(self, ledger: Ledger, max_series: int = MAX_SERIES) -> None:
        self._ledger = ledger
        self._db = ledger.db
        self._compacted = int(ledger.get(COMPACTED) or hour_of(FIRST_US))
        self._max_series = max_series
        rows = self._db.execute("SELECT id, type, category, severity, device, zone FROM series").fetchall()
        self.series = {int(row[0]): _series(row[1:]) for row in rows}
        self._last_number = max(self.series, default=0)
        self._ids = {series: number for number, series in self.series.items()}

    @property
    def full(self) -> bool:
        """Whether the bound is reached, so that further series are counted without device and zone."""
        return len(self._ids) >= self._max_series

    def add(self, harvest: BatchCounts) -> None:
        """Add what a batch has counted."""
        for (series, hour), figures in harvest.cells.items():
            self.add_cell("hourly", hour, series, Cell(*figures))
        for series, times in harvest.episodes.items():
            self._add_episodes(self.number(series), join_episodes(times))

    def add_cell(self, table: str, unit: int, series: Series, cell: Cell) -> None:
        """Add to one cell of ``hourly`` or ``daily``."""
        self._add_cell(table, unit, self.number(series), cell)

    def counts(self, after_us: int, until_us: int, types: Collection[str] | None = None) -> Iterator[Count]:
        """Yield the counts of these types (None: all) within (after, until]; a series may come several times.

        Exact while the events at the edges are in the history. A cell at an edge without its events counts where its
        last event is, so that adjacent spans count every event once.
        """
        for table, unit_us in (("hourly", DAY_US // HOURS_PER_DAY), ("daily", DAY_US)):
            first, last = (after_us + 1) // unit_us, until_us // unit_us
            cut = {us // unit_us for us in (after_us + 1, until_us + 1) if us % unit_us}  # only these hold parts
            found = [self._inner(table, first, last, after_us, until_us, types)]
            found += [self._edge(table, edge, after_us, until_us) for edge in cut]
            for counts in found:
                yield from counts if types is None else (count for count in counts if count.series.type in types)

    def cells(self, first_hour: int, last_hour: int) -> Iterator[tuple[int, Series, int]]:
        """Yield (hour, series, count) of the hours from first to last that are kept apart, both included."""
        rows = self._db.execute(
            "SELECT hour, series, count FROM hourly WHERE hour BETWEEN ? AND ?", (first_hour, last_hour)
        )
        return ((hour, self.series[number], count) for hour, number, count in rows)

    def hours(self, after_us: int, until_us: int) -> Iterator[tuple[int, Series, int]]:
        """Yield (hour, series, count) of (after, until], of the hours that are kept apart; edges as in ``counts``."""
        first, last = hour_of(after_us + 1), hour_of(until_us)
        rows = self._db.execute(
            "SELECT hour, series, count FROM hourly WHERE hour BETWEEN ? AND ? AND first_us > ? AND last_us <= ?",
            (first, last, after_us, until_us),
        )
        yield from ((hour, self.series[number], count) for hour, number, count in rows)
        for edge in {first, last}:
            yield from ((edge, one.series, one.cell.count) for one in self._edge("hourly", edge, after_us, until_us))

    def lasts(
        self, types: Collection[str], after_us: int, until_us: int, *, possible: bool = False
    ) -> dict[str | None, int]:
        """Return by device the last time in [after, until] of an event of ``types``, by the cells.

        Of a cell that reaches beyond ``until`` only the first event is certain; ``possible``: take ``until`` instead.
        """
        numbers = [number for number, one in self.series.items() if one.type in types]
        beyond = "?4" if possible else "first_us"
        found: dict[str | None, int] = {}
        for table, unit_us in (("hourly", DAY_US // HOURS_PER_DAY), ("daily", DAY_US)):
            rows = self._db.execute(
                f"SELECT series, max(CASE WHEN last_us <= ?4 THEN last_us ELSE {beyond} END)"  # noqa: S608 - our own names
                f" FROM {table} WHERE {UNITS[table]} BETWEEN ?1 AND ?2 AND last_us >= ?3 AND first_us <= ?4"
                f" AND series IN ({', '.join(map(str, numbers))}) GROUP BY series",
                (after_us // unit_us, until_us // unit_us, after_us, until_us),
            )
            for number, us in rows:
                device = self.series[number].device
                found[device] = max(us, found.get(device, us))
        return {device: us for device, us in found.items() if us >= after_us}

    def days(self, first_day: int, last_day: int) -> Iterator[tuple[int, Series, int]]:
        """Yield (day, series, count) of the days from first to last, both included; one day may come in two parts."""
        rows = self._db.execute(
            "SELECT day, series, count FROM daily WHERE day BETWEEN ?1 AND ?2 UNION ALL"
            " SELECT (hour - (hour % 24 + 24) % 24) / 24 AS day, series, sum(count) FROM hourly"  # rounded down
            " WHERE hour BETWEEN ?1 * 24 AND ?2 * 24 + 23 GROUP BY day, series",
            (first_day, last_day),
        )
        return ((day, self.series[number], count) for day, number, count in rows)

    def compacted(self, first_day: int, last_day: int) -> bool:
        """Whether hours of these days have been put together."""
        found = self._db.execute("SELECT 1 FROM daily WHERE day BETWEEN ? AND ? LIMIT 1", (first_day, last_day))
        return found.fetchone() is not None

    def first_us(self, first_day: int, last_day: int) -> int | None:
        """Return where the earliest cell of these days begins; None where there is none."""
        found = []
        for table, factor, unit_us in (("hourly", HOURS_PER_DAY, HOUR_US), ("daily", 1, DAY_US)):
            unit, edges = UNITS[table], (first_day * factor, (last_day + 1) * factor - 1)
            row = self._db.execute(f"SELECT min({unit}) FROM {table} WHERE {unit} BETWEEN ? AND ?", edges)  # noqa: S608
            found += [value * unit_us for (value,) in row if value is not None]
        return min(found, default=None)

    def ever(self) -> dict[str, Cell]:
        """Return the sum of all cells of each type."""
        found: dict[str, Cell] = {}
        for table in UNITS:
            rows = self._db.execute(
                f"SELECT series, sum(count), min(first_us), max(last_us) FROM {table} GROUP BY series"  # noqa: S608
            )
            for number, *cell in rows:
                name = self.series[number].type
                found[name] = Cell(*cell).plus(found.get(name))
        return found

    def cell(self, table: str, unit: int, series: Series) -> int:
        """Return the count of one cell of ``hourly`` or ``daily``."""
        row = self._db.execute(
            f"SELECT count FROM {table} WHERE {UNITS[table]} = ? AND series = ?",  # noqa: S608 - names of our own
            (unit, self.number(series)),
        ).fetchone()
        return 0 if row is None else int(row[0])

    def episodes(self, after_us: int, until_us: int) -> list[tuple[Series, Episode]]:
        """Return the episodes that ended after ``after_us``, and the last of each series up to ``until``, however old.

        An episode that continued after ``until_us`` is cut there; one that began later is left out.
        """
        rows = set(
            self._db.execute("SELECT series, began_us, ended_us, count FROM episode WHERE ended_us > ?", (after_us,))
        )
        last = "SELECT series, max(began_us), ended_us, count FROM episode WHERE began_us <= ? GROUP BY series"
        rows.update(self._db.execute(last, (until_us,)))  # the row of the maximum
        found = ((self.series[number], Episode(*rest)) for number, *rest in sorted(rows))
        return [
            (series, self._cut(series, episode, until_us)) for series, episode in found if episode.began_us <= until_us
        ]

    def compact(self, before_hour: int, limit: int) -> int:
        """Add the hours before ``before_hour`` to their days, at most ``limit`` cells; return how many."""
        rows = self._db.execute(
            "SELECT hour, series, count, first_us, last_us FROM hourly WHERE hour < ? ORDER BY hour LIMIT ?",
            (before_hour, limit),
        ).fetchall()
        for hour, number, *cell in rows:
            self._add_cell("daily", hour // HOURS_PER_DAY, number, Cell(*cell))
            self._db.execute("DELETE FROM hourly WHERE hour = ? AND series = ?", (hour, number))
        if rows and rows[-1][0] >= self._compacted:
            self._compacted = rows[-1][0] + 1
            self._ledger.put(COMPACTED, str(self._compacted).encode())
        return len(rows)

    @property
    def hours_since_us(self) -> int:
        """Return the time before which hours were added to days."""
        return self._compacted * HOUR_US

    def forget_episodes(self, number: int, before_us: int, limit: int) -> int:
        """Delete the oldest episodes of a series, up to ``limit``, if over before ``before_us``; its last one stays."""
        rows = self._db.execute(
            "SELECT began_us FROM (SELECT began_us, ended_us FROM episode WHERE series = ?1 AND began_us <"
            " (SELECT max(began_us) FROM episode WHERE series = ?1) ORDER BY began_us LIMIT ?2) WHERE ended_us < ?3",
            (number, limit, before_us),
        ).fetchall()
        self._db.executemany(
            "DELETE FROM episode WHERE series = ? AND began_us = ?", [(number, began_us) for (began_us,) in rows]
        )
        return len(rows)

    def number(self, series: Series) -> int:
        """Return the number of a series, a new one's too."""
        known = self._ids.get(series)
        if known is not None:
            return known
        if self.full and series != series.anonymous():
            return self.number(series.anonymous())
        if len(self._ids) >= 2 * self._max_series and series.category != REST_CATEGORY:
            return self.number(series._replace(category=REST_CATEGORY))
        number = self._last_number = self._last_number + 1
        dimensions = (series.type, series.category, series.severity.value, series.device, series.zone)
        self._db.execute("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?)", sealed(number, *dimensions))
        self.series[number], self._ids[series] = series, number
        return number

    def _add_cell(self, table: str, unit: int, number: int, cell: Cell) -> None:
        place = f"{UNITS[table]} = ? AND series = ?"
        row = self._db.execute(
            f"SELECT count, first_us, last_us FROM {table} WHERE {place}",  # noqa: S608 - names of our own
            (unit, number),
        ).fetchone()
        both = cell if row is None else cell.plus(Cell(*row))
        values = sealed(unit, number, both.count, both.first_us, both.last_us)
        self._db.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?, ?, ?)", values)  # noqa: S608

    def _add_episodes(self, number: int, new: Sequence[Episode]) -> None:
        """Join new episodes to those of the series that lie near them, which are few."""
        from_us, until_us = new[0].began_us - EPISODE_GAP_US, new[-1].ended_us + EPISODE_GAP_US
        rows = self._db.execute(
            "SELECT began_us, ended_us, count FROM episode WHERE series = ? AND began_us <= ? AND began_us >= coalesce("
            "(SELECT max(began_us) FROM episode WHERE series = ? AND began_us <= ?), ?)",
            (number, until_us, number, from_us, from_us),
        ).fetchall()
        near = [Episode(*row) for row in rows]
        self._db.executemany(
            "DELETE FROM episode WHERE series = ? AND began_us = ?", [(number, each.began_us) for each in near]
        )
        self._db.executemany(
            "INSERT INTO episode VALUES (?, ?, ?, ?, ?)",
            [
                sealed(number, each.began_us, each.ended_us, each.count)
                for each in join_episodes((*near, *new), EPISODE_GAP_US)
            ],
        )

    def _inner(
        self, table: str, first: int, last: int, after_us: int, until_us: int, types: Collection[str] | None
    ) -> Iterator[Count]:
        unit = UNITS[table]
        numbers = [number for number, one in self.series.items() if types is not None and one.type in types]
        chosen = "" if types is None else f" AND series IN ({', '.join(map(str, numbers))})"
        rows = self._db.execute(
            f"SELECT series, sum(count), min(first_us), max(last_us) FROM {table}"  # noqa: S608
            f" WHERE {unit} BETWEEN ? AND ? AND first_us > ? AND last_us <= ?{chosen} GROUP BY series",
            (first, last, after_us, until_us),
        )
        return (Count(self.series[number], Cell(*cell)) for number, *cell in rows)

    def _cut(self, series: Series, episode: Episode, until_us: int) -> Episode:
        if episode.ended_us <= until_us:
            return episode
        whole = Cell(episode.count, episode.began_us, episode.ended_us)
        inside = self._inside(series, whole, episode.began_us - 1, until_us)
        if inside is None:
            return Episode(episode.began_us, until_us, episode.count)
        return Episode(inside.first_us, inside.last_us, inside.count)

    def _edge(self, table: str, unit: int, after_us: int, until_us: int) -> Iterator[Count]:
        """Yield the counts of cells that lie only partly within (after, until]."""
        rows = self._db.execute(
            f"SELECT series, count, first_us, last_us FROM {table} WHERE {UNITS[table]} = ?"  # noqa: S608
            " AND NOT (first_us > ? AND last_us <= ?) AND last_us > ? AND first_us <= ?",
            (unit, after_us, until_us, after_us, until_us),
        ).fetchall()
        for number, *values in rows:
            series, cell = self.series[number], Cell(*values)
            inside = self._inside(series, cell, after_us, until_us)
            if inside is not None:
                yield Count(series, inside)

    def _inside(self, series: Series, cell: Cell, after_us: int, until_us: int) -> Cell | None:
        if self.full and series == series.anonymous():
            return self._inside_rest(series, cell, after_us, until_us)
        held, inside, first_us, last_us = self._db.execute(
            "SELECT count(*), count(CASE WHEN wall_us > ?1 AND wall_us <= ?2 THEN 1 END),"
            " min(CASE WHEN wall_us > ?1 AND wall_us <= ?2 THEN wall_us END),"
            " max(CASE WHEN wall_us > ?1 AND wall_us <= ?2 THEN wall_us END) FROM event_by_wall_time"
            " WHERE type = ?3 AND wall_us BETWEEN ?4 AND ?5"
            " AND category = ?6 AND severity = ?7 AND device IS ?8 AND zone IS ?9",
            (
                *(after_us, until_us, series.type, cell.first_us, cell.last_us),
                *(series.category, series.severity.value, series.device, series.zone),
            ),
        ).fetchone()
        if held != cell.count:
            return cell if after_us < cell.last_us <= until_us else None
        return Cell(inside, first_us, last_us) if inside else None

    def _inside_rest(self, rest: Series, cell: Cell, after_us: int, until_us: int) -> Cell | None:
        """Return the same for a series that counts events beyond the bound."""
        rows = self._db.execute(
            "SELECT wall_us, device, zone FROM event_by_wall_time"
            " WHERE type = ? AND wall_us BETWEEN ? AND ? AND category = ? AND severity = ?",
            (rest.type, cell.first_us, cell.last_us, rest.category, rest.severity.value),
        )
        times = ((us, Series(rest.type, rest.category, rest.severity, *where)) for us, *where in rows)
        held = [us for us, series in times if series == rest or series not in self._ids]
        if len(held) != cell.count:
            return cell if after_us < cell.last_us <= until_us else None
        inside = [us for us in held if after_us < us <= until_us]
        return Cell(len(inside), min(inside), max(inside)) if inside else None


def _series(row: Sequence[Any]) -> Series:
    event_type, category, severity, device, zone = row
    return Series(event_type, category, Severity(severity), device, zone)
