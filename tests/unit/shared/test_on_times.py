"""On-times add up to what a clock that is looked at every second would count, also over a restart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.on_times import DAY_S, MOST_SPANS, KeptOnTimes, OnTimes, keep, recall

WINDOW_S = 600
RUNS = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 200)), min_size=1, max_size=12)


def played(runs: list[tuple[int, int]]) -> tuple[OnTimes, list[bool], int]:
    """Return the on-times of pauses and runs, what a second-by-second look saw, and the time at the end."""
    times, seen, now_s = OnTimes(), [], 0
    for pause_s, run_s in runs:
        times = times.ended(now_s)
        seen += [False] * pause_s
        now_s += pause_s
        times = times.began(now_s)
        seen += [True] * run_s
        now_s += run_s
    return times, seen, now_s


@given(RUNS)
def test_the_time_within_a_window_is_what_a_look_each_second_counts(runs: list[tuple[int, int]]) -> None:
    """Half runs at the window's edge count for the half."""
    times, seen, now_s = played(runs)
    assert sum(seen[-WINDOW_S:]) == times.within_s(now_s, WINDOW_S)
    assert sum(seen[-WINDOW_S:]) == times.ended(now_s).within_s(now_s, WINDOW_S)


@given(RUNS, st.integers(0, 500))
def test_a_budget_is_free_again_at_the_very_second(runs: list[tuple[int, int]], most_s: int) -> None:
    """One second before it is not."""
    times, seen, now_s = played(runs)
    free_s = times.below_at_s(now_s, WINDOW_S, most_s)

    def on_at(later_s: int) -> int:
        return sum((seen + [False] * (later_s - now_s))[-WINDOW_S:])

    assert on_at(round(free_s)) <= most_s
    assert free_s == now_s or on_at(round(free_s) - 1) > most_s


@given(RUNS, st.integers(-300, 300))
def test_a_restart_changes_nothing_but_the_clock(runs: list[tuple[int, int]], away_s: int) -> None:
    """The next process has another zero; a wall clock that was put back counts as no time at all."""
    times, _, now_s = played(runs)
    stored = KeptOnTimes.model_validate_json(keep(times.ended(now_s), now_s).model_dump_json())
    again = recall(stored, away_s, 7000.0)
    gone_s = max(away_s, 0)
    assert times.ended(now_s).within_s(now_s + gone_s, WINDOW_S) == again.within_s(7000.0, WINDOW_S)
    assert again.off_since_s == 7000.0 - gone_s


def test_runs_of_a_day_are_kept_and_bounded() -> None:
    """What is older is forgotten; of too many the oldest two become one, which counts too much and never too little."""
    times = OnTimes((0.0), None, ())
    times = times.ended(10.0).began(DAY_S + 11).ended(DAY_S + 12)
    assert ((DAY_S + 11, DAY_S + 12),) == times.spans
    for second in range(0, 2 * (MOST_SPANS + 5), 2):
        times = times.began(2 * DAY_S + second).ended(2 * DAY_S + second + 1)
    assert MOST_SPANS == len(times.spans)
    assert MOST_SPANS + 5 <= times.within_s(2 * DAY_S + 2 * MOST_SPANS + 10, DAY_S)
