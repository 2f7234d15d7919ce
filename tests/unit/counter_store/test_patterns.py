"""Anomalies, failure patterns, frequencies, processing times."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.core.span import last_days
from services.counter_store.core.statistics.anomalies import ENOUGH, WEEK_H, find_anomalies, is_judged, judge_hour
from services.counter_store.core.statistics.failures import error_codes, failure_patterns
from services.counter_store.core.statistics.frequency import ObservedCount, frequency
from services.counter_store.core.statistics.performance import took
from services.counter_store.core.time_units import DAY_US, HOUR_US
from tests.support.store_messages import event

NOW_H = 500_000


def weeks_of(rate: int, weeks: int = 9) -> dict[int, int]:
    """A type that comes ``rate`` times in every hour."""
    return dict.fromkeys(range(NOW_H - weeks * WEEK_H, NOW_H + 1), rate)


@pytest.mark.parametrize(
    ("usual", "count", "expected"),
    [
        (0, 3, None),
        (0, 4, "many"),
        (0, 20, "many"),
        (10, 12, None),
        (10, 1, None),
        (10, 60, "many"),
        (3600, 0, "few"),
        (3600, 3650, None),
        (2, 0, None),
    ],
)
def test_unusual_is_what_is_far_off_for_that_type(usual: int, count: int, expected: str | None) -> None:
    """A burst where there is quiet, silence where there is traffic; not what chance brings."""
    found = judge_hour("X", weeks_of(usual) | {NOW_H: count}, NOW_H, NOW_H - 9 * WEEK_H)

    assert expected == (found.direction if found else None)


def test_the_hour_of_the_week_is_what_counts() -> None:
    """Ninety on Monday morning, as on every Monday morning; and ninety at another time."""
    of_type = {NOW_H - week * WEEK_H + beside: 90 for week in range(9) for beside in (-1, 0, 1)}
    observed = NOW_H - 9 * WEEK_H

    assert judge_hour("X", of_type, NOW_H, observed) is None
    found = judge_hour("X", of_type | {NOW_H + 30: 90}, NOW_H + 30, observed)
    assert found is not None
    assert ("the same hour of the week", 0.0) == (found.compared_with, found.usual)
    assert "usually 0 (the same hour of the week)" in found.text


def test_a_few_wild_hours_do_not_make_wildness_usual() -> None:
    """The median and its deviation are not moved by a fifth of all hours."""
    of_type = {hour: 500 if hour % 5 == 0 else 5 for hour in weeks_of(5)}

    found = judge_hour("X", of_type | {NOW_H: 500}, NOW_H, NOW_H - 9 * WEEK_H)
    assert found is not None


@pytest.mark.parametrize(
    ("hours", "words"), [(11, None), (12, "the hours before"), (13 * 24, "the same hour of the day")]
)
def test_with_little_history_it_compares_with_what_there_is(hours: int, words: str | None) -> None:
    """And with less than half a day it says nothing, rather than anything."""
    found = judge_hour("X", {NOW_H: 1000}, NOW_H, NOW_H - hours)

    assert words == (found.compared_with if found else None)
    assert is_judged(NOW_H, NOW_H - hours) == (hours >= ENOUGH)


def test_hours_nobody_looked_at_are_neither_quiet_nor_judged() -> None:
    """The worst comes first."""
    of_types = {"A": {NOW_H - 1: 50, NOW_H - 3: 900}, "B": {NOW_H - 2: 0}}

    found = find_anomalies(of_types, NOW_H, 200, NOW_H - 30)
    assert [("A", 900), ("A", 50)] == [(one.type, one.count) for one in found]


def test_quiet_chance_is_seldom_unusual() -> None:
    """Of a thousand hours at three events an hour, none or one."""
    chance = random.Random(5)  # noqa: S311 - repeatable
    of_type = {hour: sum(chance.random() < 0.03 for _ in range(100)) for hour in weeks_of(0, weeks=15)}

    assert len(find_anomalies({"X": of_type}, NOW_H, 1000, NOW_H - 15 * WEEK_H)) <= 1


def test_failures_are_grouped_by_device_and_code() -> None:
    """Two codes in one event count for both; without a code the type stands for it."""
    nack = {"errors": [{"code": "nack", "chip": "a"}, {"code": "nack", "chip": "b"}]}
    both = {"errors": [{"code": "nack"}, {"code": "timeout"}]}
    events = [
        *(event(n, n * 1000, "I2C_ERROR", data=nack) for n in range(3)),
        event(7, 9000, "I2C_ERROR", data=both),
        *(event(n, n, "device.error", data={"error_code": "E_PUMP_STALLED"}, device="pump") for n in range(10, 13)),
        *(event(n, n, "DC_OUTPUT_LOSS", device=None) for n in range(20, 22)),
    ]
    found = failure_patterns(events, 3)

    assert [("ups", "nack", 4), ("pump", "E_PUMP_STALLED", 3)] == [
        (one.device, one.error_code, one.failure_count) for one in found
    ]
    assert (4, 9000.0, "repeated_failures") == (found[0].episodes, found[0].time_span_s, found[0].pattern)
    assert [(None, "DC_OUTPUT_LOSS")] == [(p.device, p.error_code) for p in failure_patterns(events[-2:], 2)]


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        ({}, ["I2C_ERROR"]),
        ({"errors": "broken"}, ["I2C_ERROR"]),
        ({"errors": [3, {"code": None}, {"code": 7}]}, ["7"]),
        ({"code": "x", "error_code": "y"}, ["y"]),
    ],
)
def test_odd_data_have_a_code_all_the_same(data: dict[str, object], codes: list[str]) -> None:
    """Whatever somebody offered."""
    assert codes == error_codes(event(1, 0, "I2C_ERROR", data=data))


@given(st.integers(1, 400), st.integers(1, 400))
def test_a_rate_is_events_by_hours(events: int, hours: int) -> None:
    """And not 3,600 whatever there was."""
    now_us = NOW_H * HOUR_US
    span = last_days(30, now_us, now_us - hours * HOUR_US)
    found = frequency({"X": ObservedCount(events, events, span)}, [(NOW_H - 1, "X", events)], span, 24, span.after_us)

    assert events / min(hours, 30 * 24) == pytest.approx(found.types[0].per_hour)
    assert events == sum(found.types[0].by_hour_of_day) == sum(found.types[0].hours.values())


def test_of_the_hours_the_newest_are_listed() -> None:
    """The busiest is named whether listed or not."""
    span = last_days(2, NOW_H * HOUR_US, NOW_H * HOUR_US - 2 * DAY_US)
    found = frequency(
        {"X": ObservedCount(6, 6, span), "Y": ObservedCount(0, 0, span)},
        [(NOW_H - 9, "X", 3), (NOW_H - 2, "X", 2), (NOW_H - 1, "X", 1)],
        span,
        2,
        span.after_us,
    )

    x, y = found.types
    assert ([2, 1], 3) == (list(x.hours.values()), x.busiest.count if x.busiest else None)
    assert (0.0, None, {}) == (y.per_hour, y.busiest, y.hours)


def test_percentiles_are_values_that_were_measured() -> None:
    """By nearest rank; none where nothing was."""
    found = took([float(n) for n in range(1, 101)])

    assert (100, 50.0, 95.0, 99.0, 100.0) == (found.counted, found.p50_ms, found.p95_ms, found.p99_ms, found.longest_ms)
    assert (1, 7.0, 7.0) == ((one := took([7.0])).counted, one.p50_ms, one.p99_ms)
    assert (0, None) == ((none := took([])).counted, none.longest_ms)
