"""What leaves the history, what stays counted, and how much a batch does of it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.counter_store.adapters.tables.retention import ROWS
from services.counter_store.core.policy import StorePolicy
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings
from shared.delivery.handler import InMemoryPublisher
from shared.jumps import CLOCK_JUMP, Jump
from shared.ledger import Ledger
from tests.support.store_bench import DAY, HOUR, StoreBench, bench
from tests.support.store_messages import at, event
from tests.unit.counter_store.test_jump import by


def held(here: StoreBench) -> dict[str, int]:
    return dict(here.rows("SELECT type, count(*) FROM event GROUP BY type"))


def test_of_a_type_the_newest_stay() -> None:
    """As many as configured; of other types nothing goes; all stay counted."""
    with bench(StorePolicy(history_per_type=5)) as here:
        here.tell(*(n * DAY for n in range(20)), until=20 * DAY)
        here.tell(*(n * DAY for n in range(4)), event_type="I2C_ERROR", until=20 * DAY)

        assert {"AC_POWER_LOSS": 5, "I2C_ERROR": 4} == held(here)
        assert [(f"id-{n}",) for n in range(16, 21)] == here.rows("SELECT id FROM event WHERE type = 'AC_POWER_LOSS'")
        assert 20 == here.store.snapshot()["AC_POWER_LOSS"]["total"]


def test_an_event_goes_when_it_is_old_enough() -> None:
    """Also of a type of which nothing comes any more."""
    with bench(StorePolicy(history_days=10)) as here:
        here.tell(0, DAY, 5 * DAY, until=5 * DAY)
        here.tell(6 * DAY, event_type="I2C_ERROR", until=6 * DAY)
        seen = []
        for day in (9, 10.5, 11.5, 15.5):
            here.batch(until=day * DAY)
            here.batch(until=day * DAY)
            seen.append(held(here).get("AC_POWER_LOSS", 0))

        assert [3, 2, 1, 0] == seen
        assert 3 == here.statistics(days=30)["recent_count"]


@settings(deadline=None)
@given(st.lists(st.integers(0, 3 * 86_400), min_size=1, max_size=60), st.integers(1, 5))
def test_windows_stay_exact_however_few_are_kept(seconds: list[int], most: int) -> None:
    """5,000 events of a day are 5,000, though the history keeps a hundred; late ones count in their own hour."""
    with bench(StorePolicy(history_per_type=most)) as here:
        now = 0
        for number, second in enumerate(seconds):
            now = max(now, second)
            here.batch(event(number, second), until=now)
        told = here.store.snapshot()["AC_POWER_LOSS"]

        assert [sum(now - span < s <= now for s in seconds) for span in (HOUR, DAY)] == [
            told["last_hour"],
            told["last_day"],
        ]
        again = StoreBench(here.ledger, StorePolicy(history_per_type=most))
        assert told == again.store.snapshot()["AC_POWER_LOSS"]


def test_a_backlog_melts_away_a_bounded_piece_at_a_time() -> None:
    """The bound was 1,000 and is 10 now: no batch deletes more than it may, and none waits for the whole."""
    with bench(StorePolicy(history_per_type=1000)) as here:
        here.tell(*range(1000), until=1000)
        smaller = StoreBench(here.ledger, StorePolicy(history_per_type=10))
        gone, before = [], 1000
        while before > 10:
            smaller.batch(until=1000)
            now = held(smaller)["AC_POWER_LOSS"]
            gone.append(before - now)
            before = now

        assert max(gone) <= ROWS
        assert 10 == before
        assert 990 == smaller.rows("SELECT count(*) FROM expired_event_time")[0][0]


def test_times_that_were_kept_for_the_windows_go_after_a_day() -> None:
    """Nothing is left of them but counts."""
    with bench(StorePolicy(history_per_type=2)) as here:
        here.tell(*range(10), until=10)
        assert [(8,)] == here.rows("SELECT count(*) FROM expired_event_time")

        here.batch(until=DAY + 20)
        assert [(0,)] == here.rows("SELECT count(*) FROM expired_event_time")


def test_hours_become_days_and_still_add_up() -> None:
    """Long after, without a single event left."""
    with bench(StorePolicy(history_days=1, trend_days=30)) as here:
        here.tell(*(n * HOUR for n in range(100)), until=100 * HOUR)
        for _ in range(5):
            here.batch(until=200 * DAY)

        assert [(0,)] == here.rows("SELECT count(*) FROM hourly")
        assert [(5, 100)] == here.rows("SELECT count(*), sum(count) FROM daily")
        found = here.statistics(days=365)
        assert (100, "2026-01-01T00:00:00.000000Z") == (found["recent_count"], found["first_occurrence"])


@pytest.mark.parametrize("jump", [by(70 * 365 * DAY), by(-70 * 365 * DAY), Jump(by(400 * DAY).step)])
def test_a_clock_that_is_wrong_by_years_wipes_nothing(jump: Jump) -> None:
    """Age goes by time that runs evenly."""
    step = jump.step.total_seconds()
    with bench() as here:
        here.tell(0, 10, until=10)
        here.batch(event(9, 20 + step, CLOCK_JUMP, data=jump.values()), until=20 + step)
        for minute in range(1, 5):
            here.batch(until=minute * 60 + step)

        assert {"AC_POWER_LOSS": 2, CLOCK_JUMP: 1} == held(here)
        assert (2, 2) == (
            here.store.snapshot()["AC_POWER_LOSS"]["last_hour"],
            here.store.snapshot()["AC_POWER_LOSS"]["last_day"],
        )


def test_before_event_time_is_known_nothing_is_let_go() -> None:
    """A recording of last winter comes in beside what a service tells of itself now: that is no time to prune by."""
    with bench(StorePolicy(history_days=1)) as here:
        here.tell(*range(0, 3600, 600))
        here.tell(300 * DAY, event_type="system.lifecycle.started")
        before = here.rows("SELECT count(*) FROM event"), here.rows("SELECT count(*) FROM daily")
        here.batch(until=3600)
        here.batch(until=3600)

        assert ([(7,)], [(0,)]) == before
        assert [(7,)] == here.rows("SELECT count(*) FROM event")
        assert 6 == here.statistics()["recent_count"]


def test_before_event_time_is_known_every_hour_is_published() -> None:
    """None has become part of its day yet, whatever time it is by what a service tells of itself."""
    with bench() as here:
        here.tell(*range(0, 7200, 600))
        here.tell(300 * DAY, event_type="system.lifecycle.started")
        found = here.ask("frequency", days=1, as_of=at(7200).isoformat(), types=["AC_POWER_LOSS"])

        assert at(7200) - timedelta(days=1) == datetime.fromisoformat(found["hours_since"])
        assert 12 == sum(found["types"][0]["by_hour_of_day"])


def test_event_time_outlives_a_restart_also_when_nothing_happened() -> None:
    """It comes on with an empty batch and is not told again: windows, age and reports go on from there."""
    with bench() as here:
        here.tell(0, until=10)
        here.batch(until=2 * HOUR)
        before = here.store.snapshot()
        again = StoreBench(here.ledger)

        assert 0 == before["AC_POWER_LOSS"]["last_hour"]
        assert before == again.store.snapshot()
        assert at(2 * HOUR) == datetime.fromisoformat(again.ask("frequency")["as_of"])


@pytest.mark.parametrize(
    ("wall", "kept"), [(at(400 * DAY), 1), (at(40 * DAY), 3), (datetime(1970, 1, 1, tzinfo=UTC), 3)]
)
def test_what_goes_for_its_age_has_two_witnesses(wall: datetime, kept: int) -> None:
    """A forged event time deletes nothing that the host's clock calls young; a host without a clock deletes nothing."""
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as ledger:
        policy = StorePolicy(history_days=365)
        store = CounterStore(
            CounterStoreSettings(), ledger, InMemoryPublisher(), site="home", policy=policy, wall=lambda: wall
        )
        for until in (DAY, 399 * DAY, 400 * DAY, 400 * DAY):
            with ledger.transaction():
                if until == DAY:
                    for number, second in enumerate((0, HOUR, 390 * DAY), 1):
                        store.apply(event(number, second))
                store.advance(at(until))
                store.flush()

        assert (kept,) == ledger.db.execute("SELECT count(*) FROM event").fetchone()
        assert 3 == store.snapshot()["AC_POWER_LOSS"]["total"]


def test_a_sender_with_a_clock_ahead_pushes_out_its_own() -> None:
    """Of too many events of a type, those of a time that has not come leave first."""
    with bench(StorePolicy(history_per_type=5)) as here:
        here.tell(*(n * HOUR for n in range(5)), until=5 * HOUR)
        here.tell(*(3000 * DAY + n for n in range(50)), until=5 * HOUR)
        here.batch(until=5 * HOUR)

        assert [(f"id-{n}",) for n in range(1, 6)] == here.rows("SELECT id FROM event ORDER BY rowid")
        assert 55 == here.store.snapshot()["AC_POWER_LOSS"]["total"]
