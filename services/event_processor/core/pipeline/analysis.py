"""Rates and anomalies from counts by type and hour."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, lgamma, log
from typing import Any

Counts = Mapping[tuple[int, str], int]  # (hour since 1970, type) → events
UNLIKELY = 0.001
LEAST_HOURS = 6  # of history, to judge an hour
SHORTEST_H = 0.25  # so that one event in the first second is not a thousand an hour


def rates(counts: Counts, hour: int, part: float, hours: int, since: float) -> dict[str, float]:
    """Return events per hour by type, over the present hour (``part`` of it, 0 to 1, is over) and the ``hours`` before.

    Where less time was observed (from ``since``, hours since 1970), that is what counts, at least ``SHORTEST_H``.
    """
    within = {key: count for key, count in counts.items() if hour - hours <= key[0] <= hour}
    if not within:
        return {}
    covered = max(SHORTEST_H, min(hours + part, hour + part - since))
    totals: dict[str, int] = {}
    for (_, kind), count in within.items():
        totals[kind] = totals.get(kind, 0) + count
    return {kind: round(total / covered, 4) for kind, total in sorted(totals.items())}


def anomalies(counts: Counts, hour: int, part: float) -> list[dict[str, Any]]:
    """Return the types that the present hour has more of than a Poisson process of their mean rate would give.

    The test is the upper tail below ``UNLIKELY``, against at least ``LEAST_HOURS`` hours before.
    """
    past = hour - min((at for at, _ in counts), default=hour)
    if past < LEAST_HOURS:
        return []
    found = []
    for kind in sorted({kind for _, kind in counts}):
        before = sum(count for (at, each), count in counts.items() if each == kind and at < hour)
        now = counts.get((hour, kind), 0)
        expected = max(before, 1) / past * part
        if now and (chance := upper_tail(now, expected)) < UNLIKELY:
            found.append({"type": kind, "count": now, "expected": round(expected, 3), "chance": float(f"{chance:.2g}")})
    return found


def upper_tail(count: int, mean: float) -> float:
    """Return the Poisson probability of ``count`` or more events where ``mean`` are expected."""
    if mean <= 0:
        return 0.0 if count else 1.0
    if count > mean:  # summed upwards, where the terms fall, so that a small tail is exact
        total, n = 0.0, count
        term = exp(n * log(mean) - mean - lgamma(n + 1))
        while term > total * 1e-12:
            total += term
            n += 1
            term *= mean / n
        return min(1.0, total)
    return max(0.0, 1.0 - sum(exp(n * log(mean) - mean - lgamma(n + 1)) for n in range(count)))
