"""Aggregates of ledgers that had none, of damaged ones, and across a clock that was wrong."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.counter_store.adapters.tables.aggregates import Aggregates
from services.counter_store.application import restore
from services.counter_store.core.counting.series import hour_of
from services.counter_store.core.policy import StorePolicy
from services.counter_store.service import LEDGER_SCHEMA
from shared.instants import time_to_us
from shared.jumps import CLOCK_JUMP, Jump
from shared.ledger import Ledger, keep_value, schema_seals
from shared.ledger.examine import examine
from shared.ledger.quarantine import open_ledger
from shared.messages import Event
from tests.support.store_bench import DAY, HOUR, StoreBench
from tests.support.store_messages import at, event
from tests.unit.counter_store.test_jump import by

NEW = ("series", "hourly", "daily", "episode", "expired_event_time", "credit")
EVENTS = [event(n, n * HOUR / 3, ("AC_POWER_LOSS", "BATTERY_LOW")[n % 2]) for n in range(1, 101)]


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A ledger with a hundred events, of which the history keeps twenty of each type."""
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        here = StoreBench(ledger, StorePolicy(history_per_type=20))
        for first in range(0, 100, 10):
            here.batch(*EVENTS[first : first + 10], until=40 * HOUR)
        ledger.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def make_old(path: Path) -> None:
    """Take away what ledgers did not have before there were aggregates."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "DROP VIEW event_by_wall_time; DROP INDEX event_moved; DROP INDEX event_by_incident;"
            "ALTER TABLE event RENAME COLUMN monotonic_us TO steady_us"
        )
        for name in NEW:
            db.execute(f"DROP TABLE {name}")
        db.execute("DELETE FROM state WHERE key = 'aggregated'")
        db.execute("DELETE FROM life WHERE name = 'version'")
        keep_value(db, "schema", json.dumps(schema_seals(db)))
        db.commit()


def report(path: Path) -> dict[str, int]:
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        here = StoreBench(ledger)
        found = here.ask("report", days=30)
        counted = {name: each["total_count"] for name, each in found["event_categories"].items()}
        return {"total": found["total_events"], "ever": found["all_time_events"], **counted}


def test_a_ledger_from_before_is_counted_when_it_is_opened(tmp_path: Path) -> None:
    """Once: opened again it is the same; and it is not taken for a damaged one."""
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        StoreBench(ledger).batch(*EVENTS, until=40 * HOUR)
    before = report(path)
    make_old(path)

    assert None is examine(path, suspect=True)
    assert before == report(path) == report(path)
    assert 100 == before["total"]


def test_what_an_older_version_counted_in_between_is_caught_up_with(tmp_path: Path) -> None:
    """Somebody went back a version for a day: its events have no aggregates yet."""
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        StoreBench(ledger).batch(*EVENTS[:60], until=40 * HOUR)
    (tmp_path / "older").mkdir()
    with closing(Ledger(tmp_path / "older" / "ledger.sqlite", LEDGER_SCHEMA)) as other:
        StoreBench(other).batch(*EVENTS, until=40 * HOUR)
        rows = other.db.execute("SELECT * FROM event WHERE rowid > 60").fetchall()
        counters = other.db.execute("SELECT * FROM counter").fetchall()
    with closing(sqlite3.connect(path)) as db:
        db.executemany(f"INSERT INTO event VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608
        db.executemany("INSERT OR REPLACE INTO counter VALUES (?, ?, ?, ?, ?, ?)", counters)
        db.commit()

    assert (100, 100) == ((found := report(path))["total"], found["ever"])


def rebuilt(path: Path, *again: Event) -> tuple[int, int, int]:
    """The counters' total, the aggregates' and the history's, after damage and what comes again."""
    path.with_name("ledger.sqlite.suspect").write_text('{"found": "a test", "certain": true}')
    with closing(open_ledger(path, LEDGER_SCHEMA, datetime(2026, 2, 1, tzinfo=UTC), restore.salvage)) as ledger:
        here = StoreBench(ledger)
        here.batch(*again, until=40 * HOUR)
        total = sum(counter.total for counter in here.store.counters())
        return total, here.ask("report", days=30)["total_events"], here.rows("SELECT count(*) FROM event")[0][0]


def test_damage_does_not_forget_what_had_left_the_history(path: Path) -> None:
    """A hundred were counted and forty are there: it is still a hundred."""
    assert (100, 100, 40) == rebuilt(path)


def test_what_comes_again_after_damage_is_not_counted_again(path: Path) -> None:
    """Neither what is in the history nor what had left it; what is new is counted."""
    new = [event(n, 34 * HOUR + n, "AC_POWER_LOSS") for n in range(101, 104)]

    assert (103, 103, 103) == rebuilt(path, *EVENTS, *new)


@pytest.mark.parametrize("table", ["hourly", "series", "counter", "event"])
def test_one_table_may_be_lost_altogether(path: Path, table: str) -> None:
    """The others make up for it, and the counters and the aggregates agree."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"UPDATE {table} SET seal = seal + 1")  # noqa: S608
        db.commit()
    total, aggregated, _ = rebuilt(path, *EVENTS)

    assert (100, 100) == (total, aggregated)


def test_days_are_salvaged_as_hours_are(tmp_path: Path) -> None:
    """Long after the hours have become days, and half of them only."""
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        here = StoreBench(ledger, StorePolicy(history_per_type=20))
        here.batch(*EVENTS, until=40 * HOUR)
        here.batch(until=40 * HOUR)
        with ledger.transaction():
            Aggregates(ledger).compact(hour_of(time_to_us(at(20 * HOUR))), 1000)
        assert ledger.db.execute("SELECT count(*) FROM daily").fetchone()[0] > 0

    assert 100 == rebuilt(path, *EVENTS)[0]


@pytest.mark.parametrize("jump", [by(DAY), by(-DAY), Jump(by(30 * DAY).step, at(0), by(0).step)])
def test_statistics_go_by_the_times_reported(tmp_path: Path, jump: Jump) -> None:
    """Across a step of the clock too: history, counts and edges are those of the times events carry."""
    step = jump.step.total_seconds()
    with closing(Ledger(tmp_path / "ledger.sqlite", LEDGER_SCHEMA)) as ledger:
        here = StoreBench(ledger)
        here.batch(*(event(n, n * 100) for n in range(1, 11)), until=1000)
        here.batch(event(50, 1100 + step, CLOCK_JUMP, data=jump.values()), until=1100 + step)
        here.batch(*(event(n, n * 100 + step) for n in range(11, 21)), until=2000 + step)
        times = sorted(n * 100 + (step if n > 10 else 0) for n in range(1, 21))
        for second in (times[3], times[12], times[-1]):
            as_of = at(second).isoformat()
            page = here.ask("history", types=["AC_POWER_LOSS"], order="oldest", until=as_of)

            expected = [each for each in times if each <= second]
            assert [at(each).isoformat(timespec="microseconds")[:19] for each in expected] == [
                each["time"][:19] for each in page["events"]
            ]
            assert len(expected) == here.statistics(days=60, as_of=as_of)["recent_count"]
