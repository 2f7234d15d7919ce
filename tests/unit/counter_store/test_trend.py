"""The trend's test, held against SciPy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.core.statistics.trend import SIGNIFICANT, Trend, equal_rates_p, judge_trend
from tests.conftest import Require

COUNTS = st.integers(0, 3000)


@pytest.fixture(scope="session")
def stats(require: Require) -> Any:
    """SciPy's statistics."""
    try:
        from scipy import stats
    except ImportError:
        require.that(False, "scipy is not installed (make .venv/.oracles)")
    return stats


@given(COUNTS, COUNTS)
def test_the_p_value_is_that_of_scipys_exact_test(stats: Any, one: int, other: int) -> None:
    """To nine places, for any two counts."""
    expected = stats.binomtest(one, one + other, 0.5).pvalue if one + other else 1.0

    assert expected == pytest.approx(equal_rates_p(one, other), abs=1e-9)


@pytest.mark.parametrize(("one", "other"), [(1_300_000, 1_301_500), (0, 2_600_000), (500_000, 501_000), (7, 999_993)])
def test_millions_of_events_are_tested_as_exactly(stats: Any, one: int, other: int) -> None:
    """A sensor's readings are events too."""
    expected = stats.binomtest(one, one + other, 0.5).pvalue

    assert expected == pytest.approx(equal_rates_p(one, other), abs=1e-9)


@given(COUNTS, COUNTS)
def test_the_test_takes_no_side(one: int, other: int) -> None:
    """Which half is which does not matter, and the value is a probability."""
    p_value = equal_rates_p(one, other)

    assert p_value == equal_rates_p(other, one)
    assert 0 <= p_value <= 1


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (0, 0, Trend.INSUFFICIENT_DATA),
        (0, 4, Trend.INSUFFICIENT_DATA),
        (0, 5, Trend.STABLE),  # p = 1/16: five of five may be chance
        (0, 6, Trend.INCREASING),  # p = 1/32
        (6, 0, Trend.DECREASING),
        (50, 52, Trend.STABLE),
        (50, 90, Trend.INCREASING),
        (90, 50, Trend.DECREASING),
    ],
)
def test_a_trend_is_what_chance_does_not_explain(earlier: int, later: int, expected: Trend) -> None:
    """Fewer than the least number of events say nothing, and then there is no p-value."""
    judged = judge_trend(earlier, later, 5)

    assert expected == judged.trend
    assert (judged.p_value is None) == (expected is Trend.INSUFFICIENT_DATA)


@given(COUNTS, COUNTS)
def test_a_trend_goes_where_the_counts_go(earlier: int, later: int) -> None:
    """Increasing only if there are more, and only below the level of significance."""
    judged = judge_trend(earlier, later, 5)
    if judged.trend in (Trend.INCREASING, Trend.DECREASING):
        assert (later > earlier) == (judged.trend is Trend.INCREASING)
        assert judged.p_value is not None
        assert judged.p_value < SIGNIFICANT


@pytest.mark.parametrize(("one", "other"), [(2**39, 2**39 + 4_000_000), (2**39, 2**40), (6_000_000, 6_010_000)])
def test_trillions_of_events_are_judged_at_once(stats: Any, one: int, other: int) -> None:
    """What was imported may be any number; the sum would take hours."""
    expected = 2 * stats.norm.sf((other - one - 1) / (one + other) ** 0.5)

    assert expected == pytest.approx(equal_rates_p(one, other), rel=1e-4)
    assert equal_rates_p(one, other) == equal_rates_p(other, one)
