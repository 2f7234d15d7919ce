"""How a battery ages: its capacities over cycles and days, and when they will have fallen to a given one.

Rules:
1. A capacity comes from a discharge from full to empty. Up to ``KEPT`` are kept; when they are full, neighbours are
   averaged two by two, so that a few numbers span the whole life.
2. The slope is the median of the slopes of all pairs (Theil and Sen), each weighted by its span and by the discharges
   it stands for, so that a week of odd discharges does not turn it.
3. The forecast begins at the median of the newest and continues linearly. Its interval widens with the distance, by the
   spread of the capacities about the line and by ``RATE_ERROR``.
4. There is no forecast before ``LEAST`` capacities. A battery is to be replaced only when ``AGREEING`` in a row agree.
5. A battery that suddenly holds ``RENEWED`` times as much, ``AGREEING`` times in a row, is another one: a new life
   begins.
"""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

KEPT, LEAST, AGREEING, NEWEST = 16, 5, 3, 3
NINE_IN_TEN = 1.645
RATE_ERROR = 0.2  # ageing is not linear: cells rest and recover, and lose more after the knee
RENEWED = 1.15


class CapacitySample(NamedTuple):
    """One capacity, or the mean of ``weight`` of them.

    ``cycles``: equivalent full cycles (or discharges) so far; ``day``: days since 1970; ``ohm`` of one cell in the
    pack's current; ``celsius``: None where it was not measured.
    """

    cycles: float
    ah: float
    day: float = 0.0
    ohm: float | None = None
    celsius: float | None = None
    weight: float = 1.0


Life = tuple[CapacitySample, ...]


class LifeForecast(NamedTuple):
    """When a capacity will be reached, in cycles or days as asked; ``high`` None: perhaps never."""

    middle: float
    low: float
    high: float | None


def add(life: Life, seen: CapacitySample) -> Life:
    """Return the life with one more capacity."""
    if _renewed(life, seen):
        return (*life[-(AGREEING - 1) :], seen)
    life = (*life, seen)
    if len(life) <= KEPT:
        return life
    old, newest = life[:-NEWEST], life[-NEWEST:]
    merged = tuple(_mean(first, second) for first, second in zip(old[::2], old[1::2], strict=False))
    return (*merged, *(old[-1:] if len(old) % 2 else ()), *newest)


def _renewed(life: Life, seen: CapacitySample) -> bool:
    """Whether the newest ``AGREEING`` capacities, this one included, are those of a new battery (rule 5)."""
    earlier, newest = life[: -(AGREEING - 1)], (*life[-(AGREEING - 1) :], seen)
    if len(earlier) < AGREEING or len(newest) < AGREEING:
        return False
    before = max(one.ah for one in earlier[-NEWEST:])
    return all(one.ah > RENEWED * before for one in newest)


def _mean(first: CapacitySample, second: CapacitySample) -> CapacitySample:
    weight = first.weight + second.weight

    def of(one: float | None, other: float | None) -> float | None:
        if one is None or other is None:
            return one if other is None else other
        return (one * first.weight + other * second.weight) / weight

    return CapacitySample(
        of(first.cycles, second.cycles) or 0.0,
        of(first.ah, second.ah) or 0.0,
        of(first.day, second.day) or 0.0,
        of(first.ohm, second.ohm),
        of(first.celsius, second.celsius),
        weight,
    )


def capacity_ah(life: Life) -> float | None:
    """Return the capacity now: the median of the newest; None before the first."""
    return median(seen.ah for seen in life[-NEWEST:]) if life else None


def by_cycles(life: Life, ah: float) -> LifeForecast | None:
    """Return after how many cycles the capacity will have fallen to ``ah``.

    None: it does not fall, or there are fewer than ``LEAST`` capacities.
    """
    return _reaches([(seen.cycles, seen.ah, seen.weight) for seen in life], ah)


def by_day(life: Life, ah: float) -> LifeForecast | None:
    """Return on which day (since 1970) the capacity will have fallen to ``ah``; None as in ``by_cycles``."""
    return _reaches([(seen.day, seen.ah, seen.weight) for seen in life], ah)


Points = list[tuple[float, float, float]]  # where, Ah, weight


def _reaches(points: Points, ah: float) -> LifeForecast | None:
    if len(points) < LEAST:
        return None
    falls = _slope(points)
    if falls is None or falls >= 0:
        return None
    newest = points[-NEWEST:]
    now, at = median(held for _, held, _ in newest), sum(where for where, _, _ in newest) / len(newest)
    offset = median(held - falls * where for where, held, _ in points)
    off = median(abs(held - falls * where - offset) for where, held, _ in points)
    spread = 1.4826 * off + 0.002 * now  # 1.4826 turns a median absolute deviation into a standard deviation
    rate_error = 2 * spread / max(points[-1][0] - points[0][0], 1e-9) + RATE_ERROR * -falls
    middle = at + (now - ah) / -falls
    reach = max(middle - at, 0.0)
    error = NINE_IN_TEN * ((spread / falls) ** 2 + (reach * rate_error / falls) ** 2) ** 0.5
    slowest = -falls - NINE_IN_TEN * rate_error
    return LifeForecast(middle, max(middle - error, at if now > ah else 0.0), middle + error if slowest > 0 else None)


def _slope(points: Points) -> float | None:
    """Return the weighted median of the slopes of all pairs, Ah per cycle or day."""
    slopes = sorted(
        ((later[1] - earlier[1]) / (later[0] - earlier[0]), (later[0] - earlier[0]) * earlier[2] * later[2])
        for place, earlier in enumerate(points)
        for later in points[place + 1 :]
        if later[0] > earlier[0]
    )
    half, passed = sum(weight for _, weight in slopes) / 2, 0.0
    for found, weight in slopes:
        passed += weight
        if passed >= half:
            return found
    return None


def to_replace(life: Life, nameplate_ah: float, share: float) -> bool:
    """Whether the newest ``AGREEING`` capacities all lie below ``share`` of the nameplate."""
    newest = life[-AGREEING:]
    return len(newest) == AGREEING and all(seen.ah < share * nameplate_ah for seen in newest)
