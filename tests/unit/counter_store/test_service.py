"""The store as delivery drives it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.adapters.tables.point_queue import PointQueue
from services.counter_store.core.policy import StorePolicy
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings, InfluxSettings
from shared.delivery.handler import InMemoryPublisher, MessageHandler
from shared.ledger import Ledger
from shared.messages import Counter
from tests.support.fakes.point_store import parse_line
from tests.support.store_bench import StoreBench
from tests.support.store_messages import START_NS, event, frame

OFF = CounterStoreSettings()
ON = CounterStoreSettings(influx=InfluxSettings(enabled=True, api="v1", database="d", max_pending_points=1000))


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    opened = Ledger(":memory:", LEDGER_SCHEMA)
    yield opened
    opened.close()


class Bench(StoreBench):
    """One that keeps nothing but what every store keeps; of it is told what it publishes and what points it makes."""

    def __init__(self, ledger: Ledger, settings: CounterStoreSettings = OFF) -> None:
        super().__init__(ledger, StorePolicy(), settings)

    def published(self) -> dict[str, tuple[int, int, int]]:
        """Take what has been published since the last call: type → total, last hour, last day."""
        counters = [message for message in self.outlet.retained.values() if isinstance(message, Counter)]
        self.outlet.retained.clear()
        return {c.type: (c.total, c.last_hour, c.last_day) for c in counters}

    def lines(self) -> list[str]:
        return [point.line for point in PointQueue(self.ledger).oldest(10_000)]


def test_the_store_is_a_stage(ledger: Ledger) -> None:
    """Mypy holds it to the port; a fresh one has nothing to report."""
    handler: MessageHandler = CounterStore(OFF, ledger, InMemoryPublisher(), site="home")

    names = ("counted", "types", "history", "lost", "duplicates", "replayed", "points_dropped")
    assert dict.fromkeys(names, 0) == handler.figures()


def test_every_event_is_counted_under_its_type(ledger: Ledger) -> None:
    """And published once a batch."""
    bench = Bench(ledger)
    bench.batch(event(1), event(2, 1), event(3, 2, "I2C_ERROR"), until=10)

    assert {"AC_POWER_LOSS": (2, 2, 2), "I2C_ERROR": (1, 1, 1)} == bench.published()


def test_a_repeated_id_is_not_counted(ledger: Ledger) -> None:
    """Not even under another type, in another batch, or after a restart."""
    Bench(ledger).batch(event(1), event(1))
    bench = Bench(ledger)
    bench.batch(event(1), event(1, 5, "I2C_ERROR"))

    assert {"AC_POWER_LOSS"} == set(bench.store.snapshot())
    assert (1, 3) == (bench.store.figures()["counted"], bench.store.figures()["duplicates"])


def test_windows_end_at_the_event_time_that_is_reached(ledger: Ledger) -> None:
    """An hour, a day, to the second."""
    bench = Bench(ledger)
    bench.batch(event(1, 0), until=0)
    seen = []
    for seconds in (3599, 3600, 86399, 86400):
        bench.batch(until=seconds)
        seen.append(bench.store.snapshot()["AC_POWER_LOSS"])

    assert [(1, 1), (0, 1), (0, 1), (0, 0)] == [(counter["last_hour"], counter["last_day"]) for counter in seen]


def test_an_event_publishes_its_counter_once(ledger: Ledger) -> None:
    """Its producer reports seconds later how far event time has come; the first publication includes the event."""
    bench = Bench(ledger)
    bench.batch(event(1, 10), until=60)
    bench.published()

    bench.batch(event(2, 70))
    assert {"AC_POWER_LOSS": (2, 2, 2)} == bench.published()
    for until in (65, 70, 80):
        bench.batch(until=until)
        assert {} == bench.published()


def test_an_event_of_a_clock_that_is_ahead_moves_no_window(ledger: Ledger) -> None:
    """It counts in the total; the windows still end at event time."""
    bench = Bench(ledger)
    bench.batch(event(1, 10), until=60)
    bench.batch(event(2, 30 * 86400))

    assert {"AC_POWER_LOSS": (2, 1, 1)} == bench.published()


def test_mere_time_publishes_only_what_it_changed(ledger: Ledger) -> None:
    """No counter is published anew just because it is later."""
    bench = Bench(ledger)
    bench.batch(event(1, 0), event(2, 1800, "I2C_ERROR"), until=1800)
    bench.published()
    bench.batch(until=3599)

    assert {} == bench.published()

    bench.batch(until=3600)

    assert {"AC_POWER_LOSS": (1, 0, 1)} == bench.published()


def test_an_event_of_the_future_waits_for_its_time(ledger: Ledger) -> None:
    """It is counted in the total at once."""
    bench = Bench(ledger)
    bench.batch(event(1, 100), until=10)

    assert {"AC_POWER_LOSS": (1, 0, 0)} == bench.published()

    bench.batch(until=100)

    assert {"AC_POWER_LOSS": (1, 1, 1)} == bench.published()


def test_before_event_time_is_known_windows_end_at_the_newest_event(ledger: Ledger) -> None:
    """So that a first counter is not empty."""
    bench = Bench(ledger)
    bench.batch(event(1, 0), event(2, 4000))

    assert {"AC_POWER_LOSS": (2, 1, 2)} == bench.published()

    bench.batch(until=3000)

    assert {"AC_POWER_LOSS": (2, 1, 1)} == bench.published()


def test_a_restart_goes_on_from_the_ledger(ledger: Ledger) -> None:
    """Counters, windows and event time are as they were; announce publishes them all."""
    before = Bench(ledger)
    before.batch(event(1, 0), event(2, 3700), event(3, 5, "I2C_ERROR"), until=3800)
    after = Bench(ledger)
    after.store.announce()

    assert {"AC_POWER_LOSS": (2, 1, 2), "I2C_ERROR": (1, 0, 1)} == after.published()
    assert before.store.counters() == after.store.counters()


def test_a_snapshot_is_plain_data(ledger: Ledger) -> None:
    """What the command line shows."""
    bench = Bench(ledger)
    bench.batch(event(1, 0.5))

    assert {
        "AC_POWER_LOSS": {"total": 1, "last_hour": 1, "last_day": 1, "last_time": "2026-01-01T00:00:00.500000Z"}
    } == bench.store.snapshot()


def test_losses_are_remembered(ledger: Ledger) -> None:
    """Across a restart."""
    bench = Bench(ledger)
    with ledger.transaction():
        bench.store.lost("event_processor", "event", 5, 7)
        bench.store.flush()

    assert 3 == Bench(ledger).store.figures()["lost"]


def test_without_influxdb_no_point_is_kept(ledger: Ledger) -> None:
    """A disk should not fill for a server that nobody has."""
    bench = Bench(ledger)
    bench.batch(frame(1), event(1))

    assert [] == bench.lines()


def test_points_are_kept_with_the_count(ledger: Ledger) -> None:
    """A reading per frame, an event per event, a counter per type and batch."""
    bench = Bench(ledger, ON)
    bench.batch(frame(1), event(1), event(2, 1), frame(2, values={}))

    assert ["reading", "event", "event", "counter"] == [line.split(",")[0] for line in bench.lines()]
    assert f"counter,site=home,type=AC_POWER_LOSS total=2i {START_NS + 10**9}" == bench.lines()[-1]


def test_events_of_one_microsecond_are_points_of_their_own(ledger: Ledger) -> None:
    """2500 of one type at one instant, and one a microsecond later, after a restart too."""
    many = InfluxSettings(enabled=True, api="v1", database="d")
    bench = Bench(ledger, CounterStoreSettings(influx=many))
    bench.batch(*(event(number) for number in range(2500)))
    bench = Bench(ledger, CounterStoreSettings(influx=many))
    bench.batch(event(2500), event(2501, 0.000001))
    times_ns = [point.time_ns for point in map(parse_line, bench.lines()) if point.series[0] == "event"]

    assert 2502 == len(set(times_ns))
    assert [START_NS, START_NS + 2501] == [min(times_ns), max(times_ns)]


def test_a_counters_points_never_go_back(ledger: Ledger) -> None:
    """A late event raises the total after the newest point, not before it."""
    bench = Bench(ledger, ON)
    bench.batch(event(1, 10))
    bench = Bench(ledger, ON)
    bench.batch(event(2, 5))
    points = [parse_line(line) for line in bench.lines() if line.startswith("counter")]

    assert [(1, START_NS + 10**10), (2, START_NS + 10**10 + 1)] == [(p.fields["total"], p.time_ns) for p in points]


def test_a_counters_point_is_dated_at_the_newest_event_of_the_batch(ledger: Ledger) -> None:
    """Whatever order they came in."""
    bench = Bench(ledger, ON)
    bench.batch(event(1, 10), event(2, 5))

    assert f"counter,site=home,type=AC_POWER_LOSS total=2i {START_NS + 10**10}" == bench.lines()[-1]


def test_a_year_that_influxdb_cannot_hold_is_counted_all_the_same(ledger: Ledger) -> None:
    """A clock gone mad costs a point, not a count, and later points are dated right."""
    bench = Bench(ledger, ON)
    bench.batch(event(1, time=datetime(9999, 12, 31, tzinfo=UTC)))
    bench.batch(event(2, 5), until=6)

    assert 2 == bench.store.figures()["counted"]
    assert [START_NS + 5 * 10**9] * 2 == [parse_line(line).time_ns for line in bench.lines()]


def test_past_the_bound_the_oldest_points_go_and_are_counted(ledger: Ledger) -> None:
    """The newest stay."""
    bench = Bench(ledger, ON)
    bench.batch(*(frame(number, number) for number in range(1005)))

    assert (1000, 5) == (len(bench.lines()), bench.store.figures()["points_dropped"])
    assert START_NS + 5 * 10**9 + 5 == parse_line(bench.lines()[0]).time_ns


def test_what_was_not_committed_was_not_counted(tmp_path: Path) -> None:
    """A ledger abandoned in the middle of a batch reopens as of the batch before; applied again, it counts once."""
    path = tmp_path / "ledger.db"
    abandoned = Ledger(path, LEDGER_SCHEMA)
    bench = Bench(abandoned, ON)
    bench.batch(event(1), until=0)
    abandoned.db.execute("BEGIN IMMEDIATE")
    bench.store.apply(event(2, 1))
    bench.store.flush()
    abandoned.close()

    reopened = Ledger(path, LEDGER_SCHEMA)
    bench = Bench(reopened, ON)
    counted, kept = bench.store.figures()["counted"], len(bench.lines())
    bench.batch(event(2, 1))
    again = (bench.store.figures()["counted"], len(bench.lines()))
    reopened.close()

    assert (1, 2) == (counted, kept)
    assert (2, 4) == again


Step = tuple[str, int, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("event"), st.integers(0, 30), st.integers(-100_000, 200_000)),
        st.tuples(st.just("time"), st.just(0), st.integers(0, 9000)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


@given(STEPS)
def test_counts_equal_a_count_by_hand(steps: list[Step]) -> None:
    """Late, early, twice, with restarts in between: totals and windows are exact at every batch's end."""
    with_ledger = Ledger(":memory:", LEDGER_SCHEMA)
    bench = Bench(with_ledger)
    times: dict[int, int] = {}
    now = 0
    bench.batch(until=0)
    for kind, number, seconds in steps:
        if kind == "restart":
            bench = Bench(with_ledger)
        elif kind == "event":
            times.setdefault(number, seconds)
            bench.batch(event(number, seconds), until=now)
        else:
            now += seconds
            bench.batch(until=now)
        bench.batch(until=now)

        ages = [now - seconds for seconds in times.values()]
        by_hand = (len(ages), sum(0 <= age < 3600 for age in ages), sum(0 <= age < 86400 for age in ages))
        counter = bench.store.snapshot().get("AC_POWER_LOSS", {"total": 0, "last_hour": 0, "last_day": 0})
        assert by_hand == (counter["total"], counter["last_hour"], counter["last_day"])
    with_ledger.close()
