"""What is believed: not a spike, but a step; not a frozen chip, but a battery at rest."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sensor_reader.core.plausibility.frozen import StandstillRecord, must_move, numbers_of, standstill
from services.sensor_reader.core.plausibility.limits import (
    AGREEING,
    FORGET_S,
    USUAL,
    ChannelHistory,
    Limit,
    Plausibility,
    judge_values,
)

CELL = "cell_voltage"


def believed(
    values: Sequence[float], plausibility: Plausibility = USUAL, channel: str = CELL, step_s: float = 1.0
) -> list[float]:
    """Return which of one channel's values are believed, a poll every ``step_s``."""
    seen: dict[str, ChannelHistory] = {}
    kept: list[float] = []
    for number, value in enumerate(values):
        good, doubts, seen = judge_values({channel: value}, seen, plausibility, number * step_s)
        assert len(good) + len(doubts) == 1
        kept += [float(v) for v in good.values()]
    return kept


def test_a_battery_does_not_fall_by_more_than_a_volt_and_come_back() -> None:
    """xorbit/LiFePO4wered-Pi#60: "a battery can't jump 1.3 V in 1 minute"."""
    assert [3.9, 3.9, 3.9] == believed([3.9, 2.6, 3.9, 3.9])


def test_a_step_that_stays_costs_two_readings() -> None:
    assert [9.9, 2.6, 2.6] == believed([9.9, 2.6, 2.6, 2.6, 2.6])
    assert AGREEING == 3


def test_a_spike_of_two_readings_is_not_believed_for_having_lasted() -> None:
    """Within two seconds 1.67 V would be slow enough; but it was there after one."""
    assert [4.17, 4.17, 4.17] == believed([4.17, 2.5, 2.5, 4.17, 4.17])


def test_the_lift_when_the_mains_return_is_believed_at_once() -> None:
    assert [3.45, 4.15] == believed([3.45, 4.15])


def test_noise_that_never_agrees_is_never_believed() -> None:
    assert [9.9] == believed([9.9, 0.1, 1.2, 0.1, 1.3, 0.2])


def test_the_slew_is_per_second_and_exact_at_its_edge() -> None:
    limits = Plausibility({CELL: Limit(slew_per_s=0.5)})
    assert [3.0, 4.0] == believed([3.0, 4.0], limits, step_s=2.0)
    assert [3.0] == believed([3.0, 4.001], limits, step_s=2.0)


def test_after_a_minute_of_silence_a_value_is_taken_as_it_comes() -> None:
    assert [3.9, 2.6] == believed([3.9, 2.6], step_s=FORGET_S + 1)


def test_a_packs_voltage_may_move_as_all_its_cells_together() -> None:
    assert [12.0, 14.4] == believed([12.0, 14.4], Plausibility(cells=3), "battery_voltage")
    assert [12.0] == believed([12.0, 14.4], Plausibility(cells=2), "battery_voltage")


def test_a_boards_own_limits_hold_at_both_ends() -> None:
    limits = Plausibility({CELL: Limit(2.0, 4.4)})
    assert [2.0, 4.4] == believed([2.0, 1.99, 4.41, 4.4], limits)


def test_a_doubt_says_from_where_to_where_and_what_would_be_believed() -> None:
    _, (doubt,), _ = judge_values({CELL: 2.6}, {CELL: ChannelHistory(3.9, 0.0)}, Plausibility(), 1.0)
    expected = "cell_voltage went from 3.9 to 2.6 V within 1 s; at most 1 V a second is believed"
    assert ("implausible", expected) == (doubt.code, doubt.detail)


@given(st.lists(st.sampled_from([True, False, "started"]), max_size=5))
def test_states_are_never_judged(values: list[bool | str]) -> None:
    for value in values:
        assert ({"x": value}, (), {}) == judge_values({"x": value}, {}, Plausibility({"x": Limit(5, 6)}), 0.0)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=40))
def test_whatever_comes_what_is_believed_was_said(values: list[float]) -> None:
    kept = believed(values, Plausibility({CELL: Limit(slew_per_s=0.5)}))
    remaining = iter(values)
    assert all(any(value == kept_value for value in remaining) for kept_value in kept)


def stands_still(polls: Sequence[dict[str, float | bool]]) -> float:
    """Return for how long the numbers of one part have stood still after these polls, one a second."""
    still, seconds = StandstillRecord(), 0.0
    for at_s, values in enumerate(polls):
        still, seconds = standstill(still, numbers_of(values), must_move(values), float(at_s))
    return seconds


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ({"battery_voltage": 3.7, "ac_present": False}, 10.0),
        ({"battery_voltage": 3.7, "battery_current": -1.2}, 10.0),
        ({"battery_voltage": 3.7, "battery_current": -0.1}, 0.0),
        ({"battery_voltage": 4.2, "ac_present": True}, 0.0),
        ({"battery_voltage": 4.2}, 0.0),
    ],
    ids=["on battery", "a current flows", "a current at the edge", "at rest on mains", "nothing known"],
)
def test_the_same_numbers_are_a_fault_only_where_they_must_move(
    values: dict[str, float | bool], seconds: float
) -> None:
    assert seconds == stands_still([values] * 11)


def test_one_number_that_moves_begins_the_count_anew() -> None:
    polls = [{"battery_voltage": 3.7, "ac_present": False}] * 5 + [{"battery_voltage": 3.69, "ac_present": False}] * 4
    assert 3.0 == stands_still(polls)


def test_the_count_begins_when_the_mains_go() -> None:
    on, off = ({"battery_voltage": 4.2, "ac_present": mains} for mains in (True, False))
    assert 4.0 == stands_still([on] * 100 + [off] * 5)


def test_a_running_counter_proves_life_whatever_else_stands_still() -> None:
    assert 0.0 == stands_still([{"battery_voltage": 3.7, "ac_present": False, "run_s": float(n)} for n in range(10)])
