"""The tables of counts against counting by hand."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.counter_store.core.counting.series import EPISODE_GAP_US, Episode, hour_of, join_episodes
from services.counter_store.core.time_units import DAY_US, HOUR_US
from shared.instants import time_to_us
from shared.messages import Event, Severity
from tests.support.archives import by_hand, shelf
from tests.support.store_messages import START, event

T0 = time_to_us(START)
SPAN = 4 * DAY_US
MOMENTS = st.integers(T0, T0 + SPAN)
KINDS = st.sampled_from(["AC_POWER_LOSS", "I2C_ERROR"])


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events of two types on two devices, in the order they came."""
    drawn = draw(st.lists(st.tuples(KINDS, st.integers(0, SPAN), st.sampled_from(["ups", None])), max_size=30))
    return [
        event(n, 0, kind, time=START + timedelta(microseconds=us), device=device)
        for n, (kind, us, device) in enumerate(drawn)
    ]


@settings(deadline=None)
@given(histories(), MOMENTS, MOMENTS)
def test_counts_of_any_span_are_exact_while_the_events_are_there(events: list[Event], one: int, other: int) -> None:
    """To the microsecond, firsts and lasts too."""
    after, until = sorted((one, other))
    with shelf() as here:
        here.put(*events)

        assert by_hand(events, after, until) == here.sums(after, until)


@settings(deadline=None)
@given(histories(), MOMENTS, MOMENTS)
def test_counts_are_as_exact_where_there_are_too_many_series(events: list[Event], one: int, other: int) -> None:
    """Of those that are counted without their device the events still say when they were."""
    after, until = sorted((one, other))
    with shelf(max_series=1) as here:
        here.put(*events)

        assert by_hand(events, after, until) == here.sums(after, until)


@settings(deadline=None)
@given(histories(), st.lists(MOMENTS, min_size=1, max_size=4), st.sets(st.integers(0, 29)))
def test_spans_side_by_side_share_out_every_event_once(events: list[Event], cuts: list[int], gone: set[int]) -> None:
    """Whatever has left the history, and wherever the spans are cut."""
    edges = [T0 - 1, *sorted(cuts), T0 + SPAN]
    with shelf() as here:
        here.put(*events)
        here.forget(*(f"id-{n}" for n in gone))
        parts = [here.sums(after, until) for after, until in pairwise(edges)]

        whole = by_hand(events, edges[0], edges[-1])
        for kind, cell in whole.items():
            assert cell.count == sum(part[kind].count for part in parts if kind in part)


@settings(deadline=None)
@given(histories(), MOMENTS, st.integers(1, 50))
def test_totals_outlive_events_and_hours(events: list[Event], before: int, limit: int) -> None:
    """With everything gone from the history, and the old hours put into days."""
    with shelf() as here:
        here.put(*events)
        here.forget(*(each.id for each in events))
        while here.aggregates.compact(hour_of(before), limit):
            pass

        assert by_hand(events, T0 - 1, T0 + SPAN) == here.aggregates.ever() == here.sums(T0 - 1, T0 + SPAN)
        assert {} == {hour: 1 for hour, _, _ in here.aggregates.cells(0, hour_of(before) - 1)}


@settings(deadline=None)
@given(histories(), st.integers(0, 29))
def test_episodes_in_the_ledger_are_those_of_all_times(events: list[Event], cut: int) -> None:
    """However the events were spread over batches."""
    expected: dict[tuple[str, str | None], list[Episode]] = {}
    for each in events:
        us = time_to_us(each.time)
        expected.setdefault((each.type, each.device), []).append(Episode(us, us, 1))
    with shelf() as here:
        here.put(*events[:cut])
        for each in events[cut:]:
            here.put(each)
        found: dict[tuple[str, str | None], list[Episode]] = {}
        for series, episode in here.aggregates.episodes(T0 - 1, T0 + SPAN):
            found.setdefault((series.type, series.device), []).append(episode)

    assert {place: join_episodes(episodes) for place, episodes in expected.items()} == found


def test_information_has_no_episodes() -> None:
    """It weighs nothing."""
    with shelf() as here:
        here.put(event(1, severity=Severity.INFO))

        assert [] == here.aggregates.episodes(T0 - HOUR_US, T0 + SPAN)


def test_old_episodes_go_but_not_the_last() -> None:
    """What was never ended must still be known."""
    with shelf() as here:
        here.put(*(event(n, n * 2 * EPISODE_GAP_US / 1e6) for n in range(5)))
        gone = here.aggregates.forget_episodes(1, T0 + 10**15, 100)

        assert (4, 1) == (gone, len(here.aggregates.episodes(T0 + 10**15, T0 + 10**15)))


def test_one_device_too_many_is_counted_without_its_name() -> None:
    """The number of series is bounded whatever is sent; the counts stay right."""
    with shelf(max_series=3) as here:
        here.put(*(event(n, n, device=f"d{n}") for n in range(10)))

        assert 10 == here.aggregates.ever()["AC_POWER_LOSS"].count
        assert ["d0", "d1", "d2", None] == [series.device for series in here.aggregates.series.values()]
