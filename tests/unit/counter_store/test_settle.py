"""Events read back with jumps of the clock among them: windows and statistics are those of the store that was lost."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.adapters.influx.query import EventPage
from services.counter_store.application import restore
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings, InfluxSettings
from shared.delivery.handler import InMemoryPublisher
from shared.instants import time_to_us
from shared.jumps import CLOCK_JUMP, Jump
from shared.ledger import Ledger
from shared.messages import Event
from tests.support.store_messages import at, event

ON = CounterStoreSettings(influx=InfluxSettings(enabled=True, api="v1", database="upskeep"))
Happening = tuple[float, float, bool]  # seconds after the one before, by how much the clock is put on then, all of it


def told(happenings: list[Happening]) -> tuple[list[Event], float]:
    """Events as a processor tells them, and how far event time has come: a jump is told by the clock as it is then."""
    events: list[Event] = []
    offset = 0.0
    steady = list(accumulate(pause for pause, _, _ in happenings))
    for number, ((_, step, whole), second) in enumerate(zip(happenings, steady, strict=True), start=1):
        if step:
            since = None if whole else at(second + offset - 1800)
            jump = Jump(timedelta(seconds=step), since, timedelta(0))
            offset += step
            events.append(event(number, second + offset, CLOCK_JUMP, data=jump.values()))
        else:
            events.append(event(number, second + offset))
    return events, steady[-1] + offset


def shown(store: CounterStore, ledger: Ledger, until: float) -> list[str]:
    with ledger.transaction():
        store.advance(at(until))
        store.flush()
    statistics = store.answer("statistics", {"days": 366})["statistics"]
    return [*(counter.model_dump_json() for counter in store.counters()), *(json.dumps(one) for one in statistics)]


def lost_store(events: list[Event], until: float) -> list[str]:
    """What the store said that applied them one by one, as they came."""
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as ledger:
        store = CounterStore(CounterStoreSettings(), ledger, InMemoryPublisher(), site="home")
        with ledger.transaction():
            for each in events:
                store.apply(each)
            store.flush()
        return shown(store, ledger, until)


def restored_store(events: list[Event], size: int, until: float) -> list[str]:
    """What a new one says that reads them back by the order of their times, in pages, and then is started anew."""
    ordered = sorted(events, key=lambda each: each.time)
    pages = [ordered[first : first + size] for first in range(0, len(ordered), size)]
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as ledger:
        with ledger.transaction():
            restore.begin_if_new(ledger)
        store = CounterStore(ON, ledger, InMemoryPublisher(), site="home")
        for number, page in enumerate(pages):
            with ledger.transaction():
                points = tuple((each, time_to_us(each.time) * 1000) for each in page)
                store.restore_page(EventPage(points, 0, 0, last=number == len(pages) - 1))
                store.flush()
        return shown(CounterStore(ON, ledger, InMemoryPublisher(), site="home"), ledger, until)


@given(
    st.lists(
        st.tuples(st.integers(0, 3000), st.sampled_from([0, 0, 0, 7200, -7200, 90_000, -600]), st.just(True)),
        min_size=1,
        max_size=20,
    ),
    st.integers(1, 7),
)
def test_a_restored_store_shows_what_the_lost_one_showed(happenings: list[Happening], size: int) -> None:
    """Totals, windows, times and what was observed, however often the clock was put, wherever pages end."""
    events, until = told(happenings)
    assert lost_store(events, until) == restored_store(events, size, until)


def test_what_another_clock_dated_is_moved_as_it_was() -> None:
    """A jump that moves only the times of this boot."""
    happenings = [(0.0, 0.0, True), (1000.0, 0.0, True), (2000.0, 7200.0, False), (60.0, 0.0, True)]
    events, until = told(happenings)
    assert lost_store(events, until) == restored_store(events, 2, until)


def test_what_another_clock_dated_days_before_stays_where_it_was() -> None:
    """First and last times too, and what was observed."""
    happenings = [(0.0, 0.0, True), (400_000.0, 0.0, True), (90_000.0, 900_000.0, False), (60.0, 0.0, True)]
    events, until = told(happenings)
    assert lost_store(events, until) == restored_store(events, 2, until)
