"""Tables by month: made when the first row of a month comes, dropped whole when it is too old.

Rules:
1. A month is made only where it lies between what is kept and ``AHEAD`` days from now. Rows of any other time (a clock
   that is wrong, a sender that is bad) go to the default partition: no sender can make tables without end.
2. Whoever makes or drops one holds a lock, outside of any batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import LiteralString

import psycopg
from psycopg import sql

from fleet.store.connection import Connection, classified

LOCK = 0x55504B_02
AHEAD = timedelta(days=40)
ROOM: dict[str, LiteralString] = {
    "events": "100",
    "hourly_counts": "60",
}  # fillfactor: an hour's row is updated in place
TABLES: tuple[tuple[LiteralString, LiteralString], ...] = (("events", "time"), ("hourly_counts", "hour"))


@dataclass(frozen=True, slots=True)
class Kept:
    """Which times have a month of their own: from ``since`` to ``until``."""

    since: datetime
    until: datetime

    @classmethod
    def days(cls, days: int, now: datetime) -> Kept:
        """Keep so many days before now."""
        return cls(now - timedelta(days=days), now + AHEAD)

    def months(self, times: Iterable[datetime]) -> set[date]:
        """Return the first days of the months of those times that are kept."""
        return {first_day(time) for time in times if self.since <= time <= self.until}


def first_day(time: datetime) -> date:
    """Return the first day of a time's month, in UTC."""
    return time.astimezone(UTC).date().replace(day=1)


def _after(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _name(table: str, month: date) -> str:
    return f"{table}_{month:%Y_%m}"


def existing(connection: Connection) -> set[date]:
    """Return the months that every table has."""
    rows = connection.execute(
        "SELECT p.relname, c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " JOIN pg_class p ON p.oid = i.inhparent WHERE p.oid IN ('events'::regclass, 'hourly_counts'::regclass)"
    ).fetchall()
    of: dict[str, set[date]] = {table: set() for table, _ in TABLES}
    for parent, child in rows:
        if (named := child.removeprefix(f"{parent}_")) != "default":
            of[parent].add(datetime.strptime(named, "%Y_%m").replace(tzinfo=UTC).date())
    return set.intersection(*of.values())


def make(connection: Connection, months: Iterable[date]) -> None:
    """Make the months that are not there; rows of theirs that are in the default partition move."""
    for month in sorted(months):
        for table, column in TABLES:
            try:
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
                    if not _is_there(connection, _name(table, month)):
                        _make(connection, table, column, month)
            except psycopg.Error as error:
                raise classified(error) from error


def _make(connection: Connection, table: LiteralString, column: LiteralString, month: date) -> None:
    fresh, parent = sql.Identifier(_name(table, month)), sql.Identifier(table)
    default, at = sql.Identifier(f"{table}_default"), sql.Identifier(column)
    begin, end = sql.Literal(f"{month} 00:00:00+00"), sql.Literal(f"{_after(month)} 00:00:00+00")
    connection.execute(sql.SQL("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE").format(parent))
    connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(default))
    room = sql.SQL(ROOM[table])
    connection.execute(
        sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL) WITH (fillfactor = {})").format(fresh, parent, room)
    )
    connection.execute(
        sql.SQL(
            "WITH moved AS (DELETE FROM {} WHERE {} >= {} AND {} < {} RETURNING *) INSERT INTO {} SELECT * FROM moved"
        ).format(default, at, begin, at, end, fresh)
    )
    connection.execute(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(parent, fresh, begin, end)
    )


def drop_before(connection: Connection, since: datetime) -> list[str]:
    """Drop the months that end before ``since``, and what the default partition holds from before; returns names."""
    old = sorted(month for month in existing(connection) if _after(month) <= since.date())
    dropped = []
    for month in old:
        for table, _ in TABLES:
            name = _name(table, month)
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
                connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))
            dropped.append(name)
    for table, column in TABLES:
        connection.execute(
            sql.SQL("DELETE FROM {} WHERE {} < %s").format(sql.Identifier(f"{table}_default"), sql.Identifier(column)),
            [since],
        )
    return dropped


def _is_there(connection: Connection, name: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s)", [name]).fetchone()
    return row is not None and row[0] is not None
