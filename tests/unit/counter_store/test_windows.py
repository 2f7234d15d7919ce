"""Sliding counts against counting by hand."""

from __future__ import annotations

from bisect import bisect_right, insort

from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.core.counting.windows import NEVER_US, Window, advance_window, fold_event, measure_window

SPAN_US = 10


class Times:
    """A History over a sorted list that notes how many events it was made to count."""

    def __init__(self, *times_us: int) -> None:
        self.times_us = sorted(times_us)
        self.counted = 0

    def between(self, after_us: int, until_us: int) -> int:
        found = max(0, bisect_right(self.times_us, until_us) - bisect_right(self.times_us, after_us))
        self.counted += found
        return found

    def next_after(self, after_us: int) -> int | None:
        place = bisect_right(self.times_us, after_us)
        return self.times_us[place] if place < len(self.times_us) else None

    def by_hand(self, as_of_us: int) -> int:
        return sum(as_of_us - SPAN_US < time_us <= as_of_us for time_us in self.times_us)


def fold(window: Window, history: Times, time_us: int) -> Window:
    insort(history.times_us, time_us)
    return fold_event(window, time_us)


def test_a_window_holds_its_end_and_not_its_beginning() -> None:
    """(as_of − span, as_of]: an event exactly one span old is out, one at as_of is in."""
    assert 2 == measure_window(SPAN_US, 20, Times(10, 11, 20, 21)).count


def test_an_event_leaves_when_it_is_one_span_old() -> None:
    """Not a microsecond earlier."""
    history = Times(5)
    window = measure_window(SPAN_US, 5, history)

    assert [1, 0] == [advance_window(window, as_of_us, history).count for as_of_us in (14, 15)]


def test_a_late_event_inside_the_window_adds() -> None:
    """Its place in time counts, not its arrival."""
    history = Times()
    window = measure_window(SPAN_US, 20, history)

    assert 1 == fold(window, history, 11).count


def test_a_late_event_older_than_the_window_does_not_add() -> None:
    """It is too old the moment it arrives."""
    history = Times()
    window = measure_window(SPAN_US, 20, history)

    assert 0 == fold(window, history, 10).count


def test_an_event_of_the_future_counts_when_time_gets_there() -> None:
    """A clock that ran ahead does not fill the window today."""
    history = Times()
    window = fold(measure_window(SPAN_US, 20, history), history, 50)

    assert [0, 0, 1, 0] == [advance_window(window, as_of_us, history).count for as_of_us in (20, 49, 50, 60)]


def test_an_empty_window_is_never_due() -> None:
    """Nothing can change in it but by an event."""
    assert NEVER_US == measure_window(SPAN_US, 20, Times(1)).due_us


def test_before_it_is_due_a_window_asks_nothing() -> None:
    """The same object comes back."""
    window = measure_window(SPAN_US, 20, Times(15))

    assert window is advance_window(window, 24, Times())


@given(
    st.lists(
        st.one_of(st.tuples(st.just("event"), st.integers(-40, 120)), st.tuples(st.just("time"), st.integers(0, 99)))
    )
)
def test_a_window_equals_a_count_by_hand_whatever_the_order(steps: list[tuple[str, int]]) -> None:
    """Late, early, repeated, future; time forward, back and in leaps; and at every instant until it is due."""
    history = Times()
    window = measure_window(SPAN_US, 0, history)
    for kind, us in steps:
        window = fold(window, history, us) if kind == "event" else advance_window(window, us, history)

        until_us = min(window.due_us, window.as_of_us + 2 * SPAN_US)
        for instant_us in range(window.as_of_us, until_us):
            assert history.by_hand(instant_us) == window.count


def test_a_day_of_events_is_counted_twice_at_most() -> None:
    """Each event is asked for once when it enters and once when it leaves, however often time moves."""
    history = Times(*range(1000))
    window = measure_window(500, -1, history)
    for as_of_us in range(1600):
        window = advance_window(window, as_of_us, history)

    assert (0, 2000) == (window.count, history.counted)
