"""Windows of event times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.alerter.core.window import Window, WindowCount, count, end_of_excess, fold_in, fold_out

TIMES = st.lists(st.integers(0, 60), max_size=30)


def filled(times: list[int], room: int = 1000) -> Window:
    window = Window()
    for time_us in times:
        window = fold_in(window, time_us, room)
    return window


def test_an_event_is_in_the_window_at_its_own_time_and_out_of_it_one_span_later() -> None:
    """The window is half-open, (t − w, t]."""
    window = filled([100])
    assert [count(window, now_us, 10).number for now_us in (99, 100, 109, 110)] == [0, 1, 1, 0]


@given(TIMES)
def test_times_are_in_order_however_they_came(times: list[int]) -> None:
    """A late time is put in its place, and equal times are all kept."""
    assert tuple(sorted(times)) == filled(times).times_us


@given(TIMES, st.integers(0, 80), st.integers(1, 20))
def test_a_count_is_what_counting_one_by_one_gives(times: list[int], now_us: int, span_us: int) -> None:
    """Two bisections count what a scan counts."""
    expected = sum(now_us - span_us < time <= now_us for time in times)
    assert WindowCount(expected) == count(filled(times), now_us, span_us)


@given(TIMES, st.integers(1, 5), st.integers(1, 20))
def test_without_room_a_count_is_a_lower_bound_and_says_so(times: list[int], room: int, span_us: int) -> None:
    """The newest are kept; a count that claims to be exact is."""
    now_us = max(times, default=0)
    true = sum(now_us - span_us < time for time in times)
    found = count(filled(times, room), now_us, span_us)
    assert WindowCount(min(true, room), exact=true <= room) == found


def test_room_that_was_short_is_forgotten_when_the_lost_times_are_out_of_the_window() -> None:
    """After a storm the count is exact again."""
    window = fold_out(filled([1, 2, 3, 20], room=2), before_us=10)
    assert Window((20,), None) == window


def test_folding_out_keeps_a_time_equal_to_the_bound() -> None:
    """What ends exactly now is still needed to say when it ended."""
    assert Window((10, 11)) == fold_out(filled([9, 10, 11]), before_us=10)


def test_an_excess_ends_one_span_after_the_event_that_made_it_one_too_many() -> None:
    """With threshold 2 the third newest decides."""
    assert end_of_excess(filled([10, 20, 30, 40]), threshold=2, span_us=100) == 20 + 100


def test_a_count_at_the_threshold_is_no_excess() -> None:
    """As many as the threshold are all right."""
    assert end_of_excess(filled([10, 20]), threshold=2, span_us=100) is None
