"""What a sender can grow has a bound, and the bound harms the sender that goes beyond it."""

from __future__ import annotations

import time
from contextlib import closing

import pytest

from services.counter_store.adapters.tables.aggregates import MAX_SERIES, Aggregates, BatchCounts
from services.counter_store.adapters.tables.open_hours import MAX_DEVICES, OpenHours
from services.counter_store.application.limits import OTHER_TYPE, Limits
from services.counter_store.core.counting.intervals import MOST, SeqIntervals
from services.counter_store.core.counting.series import Series
from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.requests.questions import TYPES
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.limits import LIMIT_REACHED
from shared.messages import Candidate, Severity
from tests.support.store_bench import HOUR, bench
from tests.support.store_messages import at, event, frame


def test_a_flood_of_types_is_counted_as_one_type_more() -> None:
    """Every event counts once; a known type and one of the catalogue keep their place; an event says so, once."""
    offered: list[Candidate] = []
    policy = StorePolicy(catalogue=frozenset({"BATTERY_LOW"}))
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as ledger:
        store = CounterStore(
            CounterStoreSettings(), ledger, InMemoryPublisher(), site="home", policy=policy, offer=offered.append
        )
        with ledger.transaction():
            store.apply(event(1))
            for number in range(TYPES + 500):
                store.apply(event(number + 10, number / 1000, f"x.{number}"))
            store.apply(event(2, 5))
            store.apply(event(3, 5, "BATTERY_LOW"))
            store.advance(at(60))
            store.flush()
        totals = {name: counter["total"] for name, counter in store.snapshot().items()}

    assert (2, 1, 501) == (totals["AC_POWER_LOSS"], totals["BATTERY_LOW"], totals[OTHER_TYPE])
    assert TYPES + 503 == sum(totals.values())
    assert TYPES + 2 == len(totals)
    assert [LIMIT_REACHED] == [candidate.type for candidate in offered]


def test_the_own_type_of_such_an_event_is_in_its_data() -> None:
    """And its id is its own, so that a repeat of it is none."""
    one = event(1, 0, "x.9", data={"v": 1})
    found = Limits(StorePolicy(), None, most_types=1).bound_type(one, {"A"}, 1)

    assert (one.id, OTHER_TYPE, {"v": 1, "type": "x.9"}) == (found.id, found.type, found.data)


@pytest.mark.parametrize("grown", ["device", "category", "zone"])
def test_series_are_bounded_and_cost_grows_no_faster_than_their_number(grown: str) -> None:
    """Twenty thousand devices, categories or zones: every event is counted, and the second half costs no more."""
    took = []
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as ledger, ledger.transaction():
        aggregates = Aggregates(ledger)
        for half in range(2):
            begun = time.process_time()
            counts = BatchCounts()
            for number in range(half * 10_000, (half + 1) * 10_000):
                dimensions = {"category": "c", grown: f"n{number}"}
                counts.add(Series("X", severity=Severity.INFO, **dimensions), number)
            aggregates.add(counts)
            took.append(time.process_time() - begun)
        total = sum(cell.count for cell in aggregates.ever().values())

    assert 20_000 == total
    assert 2 * MAX_SERIES + 1 >= len(aggregates.series)
    assert took[1] < 3 * took[0] + 1


def test_a_flood_of_devices_costs_a_store_no_more_for_each() -> None:
    """Events and readings; the time for each stays, the memory that grows with them does not."""
    took = []
    with bench(StorePolicy(history_per_type=1000)) as here:
        for tenth in range(10):
            begun = time.process_time()
            numbers = range(tenth * 800, (tenth + 1) * 800)
            here.batch(
                *(frame(n, n / 1000, device=f"d{n}") for n in numbers),
                *(event(n + 1, n / 1000, device=f"d{n}") for n in numbers),
                until=20,
            )
            took.append(time.process_time() - begun)

        assert 8_000 == here.store.snapshot()["AC_POWER_LOSS"]["total"]
    assert sum(took[5:]) < 3 * sum(took[:5]) + 1


def test_hourly_means_are_kept_for_the_devices_that_came_first() -> None:
    """A flood of device names makes no hour of a known device go; silent ones make room."""
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as ledger, ledger.transaction():
        hours = OpenHours(ledger)
        assert [] == list(hours.fold(frame(1, 0, {"v": 1.0}), "home"))
        begun = time.process_time()
        for number in range(20_000):
            assert [] == list(hours.fold(frame(number, 1, {"v": 1.0}, device=f"d{number}"), "home"))
        assert time.process_time() - begun < 60
        hours.save()
        assert MAX_DEVICES == len(list(ledger.items("hour/")))
        (line, *_) = hours.fold(frame(2, HOUR, {"v": 3.0}), "home")
        assert line.startswith("reading_1h,device=ups")
        assert MAX_DEVICES == len(list(hours.fold(frame(3, 3 * HOUR, {"v": 3.0}, device="new"), "home")))


def test_made_up_producers_push_out_their_own() -> None:
    """The long stream of the true producer stays known."""
    found = SeqIntervals()
    for seq in range(1, 100):
        found.add("event_processor", "e1", seq)
    for number in range(4 * MOST):
        found.add(f"p{number}", "e", 1)

    assert found.holds("event_processor", "e1", 50)
    assert MOST >= len(found.rows())
