"""Events by month: a table made when the first row of a month comes, dropped whole when it is too old.

Rules:
1. A month is made only where it lies between what is kept and ``AHEAD`` days from now. Rows of any other time (a clock
   that is wrong, a sender that is bad) go to the default partition: no sender can make tables without end.
2. Whoever makes or drops one holds a lock, outside of any batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg
from psycopg import sql

from fleet.store.connection import Connection, classified

LOCK = 0x55504B_02
AHEAD = timedelta(days=40)


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


def _name(month: date) -> str:
    return f"events_{month:%Y_%m}"


def existing(connection: Connection) -> set[date]:
    """Return the months that have a table."""
    rows = connection.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'events'::regclass"
    ).fetchall()
    named = [name.removeprefix("events_") for (name,) in rows]
    return {datetime.strptime(each, "%Y_%m").replace(tzinfo=UTC).date() for each in named if each != "default"}


def make(connection: Connection, months: Iterable[date]) -> None:
    """Make the months that are not there; rows of theirs that are in the default partition move."""
    for month in sorted(months):
        try:
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
                if not _is_there(connection, _name(month)):
                    _make(connection, month)
        except psycopg.Error as error:
            raise classified(error) from error


def _make(connection: Connection, month: date) -> None:
    fresh = sql.Identifier(_name(month))
    begin, end = sql.Literal(f"{month} 00:00:00+00"), sql.Literal(f"{_after(month)} 00:00:00+00")
    connection.execute("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
    connection.execute("LOCK TABLE events_default IN ACCESS EXCLUSIVE MODE")
    connection.execute(sql.SQL("CREATE TABLE {} (LIKE events INCLUDING ALL)").format(fresh))
    connection.execute(
        sql.SQL(
            "WITH moved AS (DELETE FROM events_default WHERE time >= {} AND time < {} RETURNING *)"
            " INSERT INTO {} SELECT * FROM moved"
        ).format(begin, end, fresh)
    )
    connection.execute(
        sql.SQL("ALTER TABLE events ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(fresh, begin, end)
    )


def drop_before(connection: Connection, since: datetime) -> list[str]:
    """Drop the months that end before ``since``, and what the default partition holds from before; returns names."""
    old = sorted(month for month in existing(connection) if _after(month) <= since.date())
    dropped = []
    for month in old:
        name = _name(month)
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))
        dropped.append(name)
    connection.execute("DELETE FROM events_default WHERE time < %s", [since])
    return dropped


def _is_there(connection: Connection, name: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s)", [name]).fetchone()
    return row is not None and row[0] is not None
