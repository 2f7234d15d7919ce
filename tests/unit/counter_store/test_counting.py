"""One type's tally."""

from __future__ import annotations

from services.counter_store.core.counting.tally import advance_tally, fold_time, open_tally, tally_to_counter
from services.counter_store.core.time_units import DAY_US, HOUR_US
from tests.support.store_messages import at
from tests.unit.counter_store.test_windows import Times

START_US = 1767225600_000000


def test_hour_and_day_count_what_they_say() -> None:
    """One event two hours old: in the day, not in the hour."""
    tally = open_tally("X", 1, START_US, START_US, START_US + 2 * HOUR_US, Times(START_US))

    assert (0, 1) == (tally.hour.count, tally.day.count)


def test_first_and_last_go_by_event_time() -> None:
    """A late event moves the first time and leaves the last one."""
    history = Times(START_US)
    tally = open_tally("X", 1, START_US, START_US, START_US, history)
    history.times_us.insert(0, START_US - 5)
    tally = fold_time(tally, START_US - 5)

    assert (2, START_US - 5, START_US) == (tally.total, tally.first_us, tally.last_us)


def test_nothing_new_is_the_same_object() -> None:
    """So that idle types cost nothing."""
    history = Times(START_US)
    tally = open_tally("X", 1, START_US, START_US, START_US, history)

    assert tally is advance_tally(tally, START_US + HOUR_US - 1, history)
    assert 0 == advance_tally(tally, START_US + DAY_US, history).day.count


def test_a_counter_says_when_it_holds() -> None:
    """Times come out as aware UTC."""
    counter = tally_to_counter(
        open_tally("X", 1, START_US, START_US, START_US + 1_000_000, Times(START_US)), START_US + 1_000_000
    )

    assert (at(0), at(1)) == (counter.last_time, counter.as_of)
