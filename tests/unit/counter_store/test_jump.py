"""Windows run on evenly where the wall clock jumped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings
from shared.delivery.handler import InMemoryPublisher
from shared.jumps import CLOCK_JUMP, Jump
from shared.ledger import Ledger
from shared.messages import Event, Sequenced
from tests.support.store_messages import at, event, frame

HOUR = 3600.0
LOSS = "AC_POWER_LOSS"
STEPS = [3 * HOUR, -3 * HOUR]


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as opened:
        yield opened


def batch(ledger: Ledger, *messages: Sequenced, until: float | None = None) -> CounterStore:
    """One batch of a store that has just been started."""
    store = CounterStore(CounterStoreSettings(), ledger, InMemoryPublisher(), site="home")
    with ledger.transaction():
        for message in messages:
            store.apply(message)
        if until is not None:
            store.advance(at(until))
        store.flush()
    return store


def jump(number: int, second: float, jump: Jump) -> Event:
    return event(number, second, CLOCK_JUMP, data=jump.values())


def by(seconds: float) -> Jump:
    return Jump(timedelta(seconds=seconds))


def windows(store: CounterStore, event_type: str = LOSS) -> tuple[int, int]:
    counter = next(counter for counter in store.counters() if counter.type == event_type)
    return counter.last_hour, counter.last_day


@pytest.mark.parametrize("step", STEPS)
def test_an_event_leaves_its_window_after_an_hour_of_true_time(ledger: Ledger, step: float) -> None:
    """The jump adds nothing and takes nothing away."""
    batch(ledger, event(1, 0), until=0)
    batch(ledger, jump(2, 60 + step, by(step)))
    seen = [windows(batch(ledger, until=second + step)) for second in (60, 3599, 3600, 86399, 86400)]

    assert [(1, 1), (1, 1), (0, 1), (0, 1), (0, 0)] == seen


@pytest.mark.parametrize("step", STEPS)
def test_events_on_both_sides_of_a_jump_count_together(ledger: Ledger, step: float) -> None:
    """In one batch as in three."""
    store = batch(
        ledger, event(1, 0), jump(2, 60 + step, by(step)), event(3, 120 + step), event(4, 200 + step), until=1800 + step
    )

    assert ((3, 3), (1, 1)) == (windows(store), windows(store, CLOCK_JUMP))


def test_the_times_published_go_by_the_clock_as_it_is_now(ledger: Ledger) -> None:
    """Ten seconds ago is ten seconds ago; the event itself keeps the time it was told with."""
    batch(ledger, event(1, 0), until=0)
    store = batch(ledger, jump(2, 10 - HOUR, by(-HOUR)), until=10 - HOUR)
    counter = next(counter for counter in store.counters() if counter.type == LOSS)

    assert (at(-HOUR), at(10 - HOUR)) == (counter.last_time, counter.as_of)
    assert at(0).timestamp() * 1e6 == ledger.db.execute("SELECT time_us FROM event WHERE id = 'id-1'").fetchone()[0]


def test_a_jump_that_comes_twice_moves_once(ledger: Ledger) -> None:
    """As every event counts once."""
    told = jump(2, 3 * HOUR, by(3 * HOUR))
    batch(ledger, event(1, 0), until=0)
    batch(ledger, told)

    assert (1, 1) == windows(batch(ledger, told, until=3 * HOUR + 3599))


def test_several_jumps_add_up(ledger: Ledger) -> None:
    """There and back, and on."""
    batch(ledger, event(1, 0), until=0)
    batch(ledger, jump(2, 7210, by(7200)), jump(3, -3580, by(-10_800)))
    batch(ledger, jump(4, 30, by(3600)))

    assert [(1, 1), (0, 1)] == [windows(batch(ledger, until=second)) for second in (3599, 3600)]


def test_what_a_right_clock_dated_is_not_taken_for_recent(ledger: Ledger) -> None:
    """Off for two hours, booted with the clock where it stopped: only this boot's events are recent."""
    batch(ledger, event(1, 0), event(2, 50), until=60)
    batch(ledger, event(3, 70), until=80)
    store = batch(ledger, jump(4, 7290, Jump(timedelta(seconds=7200), at(65), timedelta(0))), until=7290)

    assert (1, 3) == windows(store)
    assert [(1, 3), (0, 3), (0, 2), (0, 1)] == [
        windows(batch(ledger, until=second)) for second in (10_869, 10_870, 86_400, 86_450)
    ]


def test_a_clock_put_back_takes_in_what_is_a_day_old_then(ledger: Ledger) -> None:
    """Booted three hours ahead: what seemed to be 25 hours ago was 22 hours ago, and stays for two more."""
    batch(ledger, event(1, 0), until=0)
    batch(ledger, frame(1, 25 * HOUR), until=25 * HOUR)
    batch(ledger, jump(2, 22 * HOUR, Jump(timedelta(hours=-3), at(25 * HOUR), timedelta(0))), until=22 * HOUR)

    assert [(0, 1), (0, 0)] == [windows(batch(ledger, until=second)) for second in (24 * HOUR - 1, 24 * HOUR)]


def test_a_jump_is_itself_counted_once(ledger: Ledger) -> None:
    """Also one that opens windows anew, and that event time had gone beyond: two are two, and gone after a day."""
    store = batch(ledger, event(1, 0), until=0)

    def happens(*messages: Sequenced, until: float) -> tuple[int, int]:
        with ledger.transaction():
            for message in messages:
                store.apply(message)
            store.advance(at(until))
            store.flush()
        return windows(store, CLOCK_JUMP)

    one, other = (Jump(timedelta(seconds=60), at(second), timedelta(0)) for second in (90, 190))
    happens(jump(2, 160, one), until=300)
    seen = [happens(jump(3, 260, other), until=400), happens(until=2 * 86_400)]

    assert [(2, 2), (0, 0)] == seen


def test_what_was_a_day_old_before_a_boot_is_no_younger_for_it(ledger: Ledger) -> None:
    """Event time, that the boot before had come to, is put back behind the step, and all that was before it."""
    batch(ledger, event(1, 0), event(2, 2 * HOUR), until=25 * HOUR)
    store = batch(ledger, jump(3, 30 * HOUR, Jump(timedelta(hours=3), at(26 * HOUR), timedelta(0))))

    assert (0, 1) == windows(store)
