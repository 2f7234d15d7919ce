"""Statistics of a type, and how long its outages lasted."""

from __future__ import annotations

import statistics as reference
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.core.counting.series import Cell
from services.counter_store.core.span import Span, last_days
from services.counter_store.core.statistics.outages import Outage, overlap_us, pair_outages
from services.counter_store.core.statistics.trend import Trend
from services.counter_store.core.statistics.type_statistics import (
    AllTime,
    Statistics,
    TypeFigures,
    intervals,
    outages,
    statistics,
)
from services.counter_store.core.time_units import DAY_US, HOUR_US

NOW = 1000 * DAY_US
TURNS = st.lists(st.tuples(st.sampled_from(["ups", "tent", None]), st.integers(0, 100)), max_size=20)


def told(times: list[int], span: Span) -> Statistics:
    """The statistics of events at these times."""

    def cell(after: int, until: int) -> Cell | None:
        inside = [us for us in times if after < us <= until]
        return Cell(len(inside), min(inside), max(inside)) if inside else None

    halves = (cell(span.seen_after_us, span.middle_us), cell(span.middle_us, span.until_us))
    inside = tuple(sorted(us for us in times if span.after_us < us <= span.until_us))
    ever = AllTime(len(times), min(times), max(times)) if times else None
    before = (cell(span.after_us, span.counted_after_us), cell(span.counted_after_us, span.seen_after_us))
    known = TypeFigures("X", ever, *before, *halves, times=inside)
    return statistics(known, span, 5)


@given(st.lists(st.integers(NOW - 40 * DAY_US, NOW), max_size=60), st.integers(0, 50))
def test_counts_and_pauses_are_those_of_the_span(times: list[int], observed_days: int) -> None:
    """Against Python's own statistics; whenever the store began to look."""
    found = told(times, span := last_days(30, NOW, NOW - observed_days * DAY_US))
    inside = sorted(us for us in times if us > span.after_us)

    seen = [us for us in inside if us >= span.observed_us]
    assert len(inside) == found.recent_count
    assert len(seen) == pytest.approx(found.daily_average * found.observed_days)
    assert len(times) == found.total_count
    if len(inside) > 1:
        pauses = [(later - earlier) / 1e6 for earlier, later in pairwise(inside)]
        assert reference.mean(pauses) == pytest.approx(found.intervals.mean_s)
        assert reference.median(pauses) == found.intervals.median_s
        assert (min(pauses), max(pauses)) == (found.intervals.shortest_s, found.intervals.longest_s)


def test_an_empty_span_has_every_field_of_a_full_one() -> None:
    """Never counted, or nothing within the span: the same names, with nulls."""
    span = last_days(30, NOW, NOW - 90 * DAY_US)
    empty, full = told([], span), told([NOW - DAY_US], span)

    assert full.model_dump().keys() == empty.model_dump().keys()
    assert (0, 0, 0.0, None, Trend.INSUFFICIENT_DATA) == (
        *(empty.total_count, empty.recent_count, empty.daily_average),
        *(empty.last_occurrence, empty.trend),
    )


def test_the_average_is_over_what_was_observed() -> None:
    """Six events in the two days there are: three a day, not a fifth; and in the first hour no more than six a day.

    What was before the store looked is no part of it.
    """
    times = [NOW - n * HOUR_US for n in range(6)]
    averages = [told(times, last_days(30, NOW, NOW - days)).daily_average for days in (2 * DAY_US, HOUR_US * 5, 0)]

    assert [3.0, 6.0, 1.0] == averages


def test_the_halves_are_of_what_was_observed() -> None:
    """A store set up ten days ago does not see an increase where there was only nobody to look."""
    steady = [NOW - n * DAY_US // 4 for n in range(40)]

    assert Trend.STABLE is told(steady, last_days(30, NOW, NOW - 10 * DAY_US)).trend
    assert Trend.INCREASING is told(steady, last_days(30, NOW, NOW - 40 * DAY_US)).trend


def test_a_single_event_has_no_pauses() -> None:
    """And two whose times are gone have a mean, of first and last."""
    assert None is intervals(1, 5, 5, (5,)).mean_s
    assert (7.0, None, 0) == ((found := intervals(3, 0, 14_000_000, ())).mean_s, found.median_s, found.counted)


def test_an_outage_lasts_from_its_first_sign_to_its_end() -> None:
    """Each device by itself; what has no beginning is no outage."""
    began = [("ups", 10), ("ups", 12), ("tent", 11), ("ups", 40)]
    ended = [("ups", 5), ("ups", 20), ("tent", 30), ("tent", 31)]

    assert [
        Outage("ups", 10, 20),
        Outage("tent", 11, 30),
        Outage("ups", 40, None),
    ] == pair_outages(began, ended)


@given(TURNS, TURNS)
def test_outages_of_a_device_never_overlap(
    began: list[tuple[str | None, int]], ended: list[tuple[str | None, int]]
) -> None:
    """And the order in which the events are given does not matter."""
    found = pair_outages(began, ended)

    assert found == pair_outages(began[::-1], ended[::-1])
    for device in ("ups", "tent", None):
        mine = [outage for outage in found if outage.device == device]
        assert all(one.ended_us is not None and one.ended_us <= other.began_us for one, other in pairwise(mine))
        assert {us for name, us in began if name == device} >= {outage.began_us for outage in mine}


def test_of_an_outage_counts_what_lies_in_the_span() -> None:
    """One from before it, one that has not ended, one that is over."""
    span = Span(100 * 10**6, 200 * 10**6, 0)
    found = [Outage("a", 50 * 10**6, 110 * 10**6), Outage("a", 150 * 10**6, 250 * 10**6), Outage("a", 10**6, 2 * 10**6)]
    told = outages(found, span)

    assert (2, 1, 60.0, 30.0, 50.0) == (told.count, told.ongoing, told.total_s, told.mean_s, told.longest_s)
    assert 0 == overlap_us(found[2], span.after_us, span.until_us)
    assert (0, None) == ((none := outages([], span)).count, none.longest_s)
