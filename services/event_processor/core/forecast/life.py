"""How a battery ages: capacities against what it has been through, and when it will be below a share of its nameplate.

Rules:
1. A capacity comes from a discharge from full to empty. Up to ``KEPT`` are kept; when they are full, neighbours are
   averaged two by two, so that a few numbers span the whole life.
2. The slope is the median of the slopes of all pairs (Theil and Sen), each with the weight of its span and of the
   discharges it stands for: one odd discharge does not turn it, nor does a week of them.
3. The forecast begins at the mean of the newest and goes on straight. Its interval widens with the
   distance, by how far the capacities lie from the line.
4. Nothing is said before ``LEAST`` capacities; a battery is to be replaced only when ``AGREEING`` in a row say so.
"""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

KEPT, LEAST, AGREEING, NEWEST = 24, 5, 3, 3
NINE_IN_TEN = 1.645
RATE_ERROR = 0.2  # ageing does not run straight: cells rest and recover, and bend at the knee


class Seen(NamedTuple):
    """One capacity: ``at`` in equivalent full cycles (or discharges), ``ah``, and how many it stands for."""

    at: float
    ah: float
    weight: float = 1.0


Life = tuple[Seen, ...]


class Forecast(NamedTuple):
    """Where a capacity will be reached, in the unit of ``Seen.at``; ``high`` None: it may never be."""

    middle: float
    low: float
    high: float | None


def add(life: Life, at: float, ah: float) -> Life:
    """Return the life with one more capacity."""
    life = (*life, Seen(at, ah))
    if len(life) <= KEPT:
        return life
    old, newest = life[:-NEWEST], life[-NEWEST:]
    merged = tuple(_mean(first, second) for first, second in zip(old[::2], old[1::2], strict=False))
    return (*merged, *(old[-1:] if len(old) % 2 else ()), *newest)


def _mean(first: Seen, second: Seen) -> Seen:
    weight = first.weight + second.weight
    return Seen(
        (first.at * first.weight + second.at * second.weight) / weight,
        (first.ah * first.weight + second.ah * second.weight) / weight,
        weight,
    )


def present(life: Life) -> float | None:
    """Return the capacity now, Ah: the median of the newest; None before the first."""
    return median(seen.ah for seen in life[-NEWEST:]) if life else None


def slope(life: Life) -> float | None:
    """Return Ah gained for each unit of ``at`` (negative: it ages); None before ``LEAST`` capacities."""
    if len(life) < LEAST:
        return None
    slopes = sorted(
        ((later.ah - earlier.ah) / (later.at - earlier.at), (later.at - earlier.at) * earlier.weight * later.weight)
        for place, earlier in enumerate(life)
        for later in life[place + 1 :]
        if later.at > earlier.at
    )
    half, passed = sum(weight for _, weight in slopes) / 2, 0.0
    for found, weight in slopes:
        passed += weight
        if passed >= half:
            return found
    return None


def reaches(life: Life, ah: float) -> Forecast | None:
    """Return when the capacity will have fallen to ``ah``; None where it does not fall, or too little is known."""
    falls, now = slope(life), present(life)
    if falls is None or now is None or falls >= 0:
        return None
    at = sum(seen.at for seen in life[-NEWEST:]) / len(life[-NEWEST:])
    offset = median(seen.ah - falls * seen.at for seen in life)
    off = [abs(seen.ah - falls * seen.at - offset) for seen in life]
    spread = 1.4826 * median(off) + 0.002 * now  # a median of distances is that much of a standard deviation
    span = max(life[-1].at - life[0].at, 1e-9)
    rate_error = 2 * spread / span + RATE_ERROR * -falls
    middle = at + (now - ah) / -falls
    reach = max(middle - at, 0.0)
    error = NINE_IN_TEN * ((spread / falls) ** 2 + (reach * rate_error / falls) ** 2) ** 0.5
    slowest = -falls - NINE_IN_TEN * rate_error
    return Forecast(middle, max(middle - error, at if now > ah else 0.0), middle + error if slowest > 0 else None)


def to_replace(life: Life, nameplate_ah: float, share: float) -> bool:
    """Say whether the newest ``AGREEING`` capacities all lie below ``share`` of the nameplate."""
    newest = life[-AGREEING:]
    return len(newest) == AGREEING and all(seen.ah < share * nameplate_ah for seen in newest)
