"""A clock that steps and a clock that never does: the same events, alerts and windows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.clock_world import SERVICES, Poll, play

POLLS = st.builds(Poll, st.sampled_from([1.0, 2.0, 30.0, 300.0, 1500.0]), st.sampled_from([True, False, None]))
STEPS = st.integers(2, 50_000).flatmap(lambda size: st.sampled_from([float(size), -float(size)]))
OUTAGES = [Poll(5, mains=number % 8 > 3) for number in range(200)]  # 20 s on mains, 20 s on battery


def test_the_scene_has_something_to_lose() -> None:
    """Alerts fire and resolve, windows differ."""
    quiet = [Poll(400, mains=True) for _ in range(12)]
    result = play([*OUTAGES, *quiet])

    assert ["firing", "resolved"] == [state for state, _ in result.transitions["hourly_rate/AC_POWER_LOSS"]]
    assert (25, 0, 25) == result.counters["AC_POWER_LOSS"]


@pytest.mark.parametrize("step_s", [1.5, -40.0, 10_800.0, -10_800.0, 100_000.0, -100_000.0, 1.7e9])
@pytest.mark.parametrize("at", [1, 4, 5, 6, 60, 199])
def test_one_step_changes_nothing(at: int, step_s: float) -> None:
    """Wherever it comes: in a dwell, between the two events of an alert, while it fires.

    40 s back, and every outage begins at the very time by the clock at which the one before did.
    """
    result = play(OUTAGES, {at: step_s})

    assert 1 == result.jumps
    assert play(OUTAGES) == replace(result, jumps=0)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_steps_and_starts_change_nothing(data: Any) -> None:
    """Any polls, any steps between them, any service started anew at any time."""
    polls = data.draw(st.lists(POLLS, min_size=3, max_size=40))
    numbers = st.integers(1, len(polls) - 1)
    steps = data.draw(st.dictionaries(numbers, STEPS, max_size=6))
    starts = data.draw(st.dictionaries(numbers, st.sets(st.sampled_from(SERVICES), min_size=1), max_size=8))
    result = play(polls, steps, starts)

    assert len(steps) == result.jumps
    assert play(polls) == replace(result, jumps=0)
