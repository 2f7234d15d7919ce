"""How likely a count is, given the counts of comparable times: exact tails, no normal approximation.

If events come by chance at a steady rate and ``n`` earlier hours had ``k`` of them, then the count of one hour more is
negative binomial, whatever the rate is: mean ``(k + 1/2) / n`` and variance ``(1 + 1/n)`` times the mean (the Poisson
model with Jeffreys' prior; Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6). A type that scatters
``s`` times as much as chance does has ``s²`` times that variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma, log, log1p

NEGLIGIBLE = 1e-17


@dataclass(frozen=True, slots=True)
class Expected:
    """A negative binomial count: its mean, above 0, and how many times the mean its variance is, above 1."""

    mean: float
    spread: float

    @property
    def size(self) -> float:
        """The r of NB(r, p), where p is 1 / ``spread``."""
        return self.mean / (self.spread - 1)


def expect(total: float, hours: int, scatter: float) -> Expected:
    """Return what to expect of one hour after ``hours`` with ``total`` events; ``scatter`` 1 is that of chance."""
    return Expected((total + 0.5) / hours, scatter**2 * (1 + 1 / hours))


def two_sided_p(count: int, expected: Expected) -> float:
    """Return twice the tail that ``count`` begins, at most 1: how likely so unusual a count is by chance."""
    tail = _upper(count, expected) if count > expected.mean else _lower(count, expected)
    return min(1.0, 2 * tail)


def _upper(count: int, expected: Expected) -> float:
    """Return P(X ≥ count) for a count above the mean, from where terms only get smaller."""
    term = total = _point(count, expected)
    share, at = 1 - 1 / expected.spread, count
    while term > total * NEGLIGIBLE:
        term *= (at + expected.size) / (at + 1) * share
        total += term
        at += 1
    return total


def _lower(count: int, expected: Expected) -> float:
    """Return P(X ≤ count) for a count up to the mean."""
    term = total = _point(count, expected)
    share = 1 - 1 / expected.spread
    for at in range(count, 0, -1):
        term *= at / ((at - 1 + expected.size) * share)
        total += term
        if term < total * NEGLIGIBLE:
            break
    return total


def _point(count: int, expected: Expected) -> float:
    """Return P(X = count)."""
    size = expected.size
    choose = lgamma(count + size) - lgamma(size) - lgamma(count + 1)
    return exp(choose - size * log(expected.spread) + count * log1p(-1 / expected.spread))
