"""Whether events have become more or fewer: two equal spans of time, and an exact test on their counts.

If two spans of equal length have the same rate, then of all ``n`` events each falls into either with probability 1/2:
the conditional test of two Poisson rates (Przyborowski & Wilenski 1940, Biometrika 31), two-sided. It is exact for any
counts, small ones above all, and needs no table or library. Beyond ``MANY`` events the normal distribution with a
correction for continuity is the same to four places, and takes no longer for any number of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import erfc, sqrt

SIGNIFICANT = 0.05
MANY = 10_000_000


class Trend(StrEnum):
    """What the test says."""

    INCREASING = "increasing"
    DECREASING = "decreasing"
    STABLE = "stable"
    INSUFFICIENT_DATA = "insufficient_data"


@dataclass(frozen=True, slots=True)
class TrendResult:
    """A trend with what it rests on. ``p_value``: how likely so uneven a split is, if nothing has changed."""

    trend: Trend
    p_value: float | None


TOO_SHORT = TrendResult(Trend.INSUFFICIENT_DATA, None)


def judge_trend(earlier: int, later: int, min_events: int) -> TrendResult:
    """Compare the counts of two equal spans; fewer than ``min_events`` in both together say nothing."""
    if earlier + later < max(1, min_events):
        return TrendResult(Trend.INSUFFICIENT_DATA, None)
    p_value = equal_rates_p(earlier, later)
    if p_value >= SIGNIFICANT:
        return TrendResult(Trend.STABLE, p_value)
    return TrendResult(Trend.INCREASING if later > earlier else Trend.DECREASING, p_value)


def equal_rates_p(one: int, other: int) -> float:
    """Return the two-sided p-value of Binomial(one + other, 1/2) at ``one``; 1 where both are the same.

    The sum runs outward from the middle by the ratio of neighbours, so it takes some √n steps and no factorials.
    """
    count, least = one + other, min(one, other)
    if one == other:
        return 1.0
    if count > MANY:
        return erfc((abs(one - other) - 1) / sqrt(2 * count))
    middle = count // 2
    term, tail, whole = 1.0, 0.0, 0.0
    for heads in range(middle, -1, -1):
        whole += term
        if heads <= least:
            tail += term
        term *= heads / (count - heads + 1)
        if term < whole * 1e-300:
            break
    both = 2 * whole - (1.0 if count % 2 == 0 else 0.0)  # the middle itself is there once only
    return min(1.0, 2 * tail / both)
