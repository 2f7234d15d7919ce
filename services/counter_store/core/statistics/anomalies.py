"""What is unusual: an hour's count against what that type usually has at that hour of the week.

Rules:
1. Usual is the median of the same hour of the week, and the hours beside it, over the weeks before; where fewer than
   ``ENOUGH`` of those have been observed, the same hour of the day, and then any hour. No model, nothing to train.
2. Counts are held apart by Anscombe's transform 2√(x + 3/8), under which a Poisson count scatters by 1 whatever its
   mean (Anscombe 1948, Biometrika 35). A type that scatters more than that by itself is given its own scatter: 1.4826
   times the median absolute deviation, which a few wild hours cannot move. That is the ``score``.
3. A count is unusual, high or low, if chance brings it in fewer than one of 100,000 such hours (``CHANCE``). The exact
   tail of ``tail_probability.py`` decides, because the transform is poor for counts near 0, and most counts are. It
   must also be off by ``LEAST`` events and ``FAR`` scatters. Wild hours before it count as ``CUT`` scatters off.
4. Only whole hours that are over are judged, and only hours the store has observed count as quiet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from statistics import median
from typing import Literal

from services.counter_store.core.answers import Answer, Dated
from services.counter_store.core.statistics.tail_probability import expect, two_sided_p
from services.counter_store.core.time_units import HOUR_US
from shared.instants import us_to_time
from shared.messages import Time

WEEK_H = 168
WEEKS = 8
ENOUGH = 12
CHANCE = 1e-5
LEAST = 3
FAR = 2.0
CUT = 4.0
MAD_TO_SIGMA = 1.4826

HourCounts = Mapping[int, int]  # hour since 1970 → count; an hour that is missing had none


class Anomaly(Answer):
    """One unusual hour of one type; ``text`` says it in words.

    ``score`` is in scatters, negative for too few; ``p_value`` is how likely so unusual a count is by chance.
    """

    type: str
    hour: Time
    count: int
    usual: float
    score: float
    p_value: float
    direction: Literal["many", "few"]
    compared_with: str
    text: str


class Anomalies(Dated):
    """The unusual hours from ``since`` on, worst first; ``not_judged``: types with too little history."""

    since: Time
    hours: int
    anomalies: tuple[Anomaly, ...]
    not_judged: tuple[str, ...]


def find_anomalies(by_type: Mapping[str, HourCounts], end_hour: int, hours: int, observed_hour: int) -> list[Anomaly]:
    """Return what is unusual in the ``hours`` whole hours before ``end_hour``; ``observed_hour`` is the first seen."""
    judged = [
        judge_hour(name, of_type, hour, observed_hour)
        for name, of_type in by_type.items()
        for hour in range(end_hour - hours, end_hour)
        if hour >= observed_hour
    ]
    found = [anomaly for anomaly in judged if anomaly is not None]
    return sorted(found, key=lambda one: (one.p_value, -abs(one.score), one.type, one.hour))


def judge_hour(name: str, of_type: HourCounts, hour: int, observed_hour: int) -> Anomaly | None:
    """Return the anomaly that an hour is, or None if it is none or there is too little to compare with."""
    found = compared(hour, observed_hour)
    if found is None:
        return None
    words, others = found
    count, before = of_type.get(hour, 0), [of_type.get(other, 0) for other in others]
    usual = median(before)
    score = scatters(count, before)
    if abs(score) <= FAR or abs(count - usual) < LEAST:
        return None
    p_value = chance_of(count, before)
    if p_value >= CHANCE:
        return None
    start = us_to_time(hour * HOUR_US)
    return Anomaly(
        type=name,
        hour=start,
        count=count,
        usual=usual,
        score=round(score, 2),
        p_value=p_value,
        direction="many" if score > 0 else "few",
        compared_with=words,
        text=f"{name}: {count} in the hour from {start:%Y-%m-%d %H:%M} UTC, usually {usual:g} ({words})",
    )


def is_judged(hour: int, observed_hour: int) -> bool:
    """Whether enough has been observed to judge an hour by."""
    return compared(hour, observed_hour) is not None


def compared(hour: int, observed_hour: int) -> tuple[str, list[int]] | None:
    """Return with which earlier hours an hour is compared, and in words; None if too few have been observed."""
    same_week_hour = [hour - week * WEEK_H + beside for week in range(1, WEEKS + 1) for beside in (-1, 0, 1)]
    same_day_hour = [hour - day * 24 for day in range(1, 7 * WEEKS + 1)]
    any_hour = range(hour - WEEK_H, hour)
    for words, hours in (
        ("the same hour of the week", same_week_hour),
        ("the same hour of the day", same_day_hour),
        ("the hours before", any_hour),
    ):
        seen = _seen(hours, observed_hour)
        if len(seen) >= ENOUGH:
            return words, seen
    return None


def scatters(count: int, before: Sequence[int]) -> float:
    """Return how many scatters ``count`` lies from the median of ``before``."""
    middle, scatter = _usual_level([_level(each) for each in before])
    return (_level(count) - middle) / scatter


def chance_of(count: int, before: Sequence[int]) -> float:
    """Return how likely a count as unusual as ``count`` is by chance, both ways, after the counts ``before``."""
    middle, scatter = _usual_level([_level(each) for each in before])
    least, most = (_count(max(0.0, middle + side * CUT * scatter)) for side in (-1, 1))
    total = sum(min(max(each, least), most) for each in before)
    return two_sided_p(count, expect(total, len(before), scatter))


def _usual_level(levels: Sequence[float]) -> tuple[float, float]:
    """Return the middle of the levels, and how they scatter about it; by 1 at least, as chance does."""
    middle = median(levels)
    return middle, max(1.0, MAD_TO_SIGMA * median(abs(level - middle) for level in levels))


def _seen(hours: Iterable[int], observed_hour: int) -> list[int]:
    return [hour for hour in hours if hour >= observed_hour]


def _level(count: float) -> float:
    return 2 * sqrt(count + 0.375)


def _count(level: float) -> float:
    """Return the count that has this level; 0 for levels below that of 0."""
    return max(0.0, (level / 2) ** 2 - 0.375)
