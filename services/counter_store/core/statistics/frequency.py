"""How often events come: per hour over a span, and hour by hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.counter_store.core.answers import Answer, Dated
from services.counter_store.core.span import Span, possible_time
from services.counter_store.core.time_units import HOUR_US
from shared.instants import us_to_time
from shared.messages import Time

HourCount = tuple[int, str, int]  # hour since 1970, type, count


@dataclass(frozen=True, slots=True)
class ObservedCount:
    """How many events of a type lie in the span, and how many of them in the part of it that was observed."""

    count: int
    observed: int
    span: Span


class HourlyCount(Answer):
    """One hour in which something happened; ``start`` is its beginning, UTC."""

    start: Time
    count: int


class TypeFrequency(Answer):
    """One type. ``per_hour`` is what came while its devices were observed, divided by ``observed_hours``, at least one.

    ``hours`` are by their beginning, UTC; those not listed had none. They, ``busiest`` and ``by_hour_of_day`` are of
    the span from ``hours_since`` on.
    """

    type: str
    count: int
    per_hour: float
    observed_since: Time
    observed_hours: float
    busiest: HourlyCount | None
    by_hour_of_day: tuple[int, ...]
    hours: dict[str, int]


class Frequency(Dated):
    """How often each type came. Before ``hours_since`` days are counted and no hours."""

    since: Time
    hours_since: Time
    observed_hours: float
    types: tuple[TypeFrequency, ...]


def frequency(
    counts: Mapping[str, ObservedCount], hours: Iterable[HourCount], span: Span, most_hours: int, hours_after_us: int
) -> Frequency:
    """Return the frequency of each type in ``counts``.

    ``hours`` are those after ``hours_after_us``; of them at most the newest ``most_hours`` are listed.
    """
    per_type: dict[str, dict[int, int]] = {}
    for hour, name, count in hours:
        of_type = per_type.setdefault(name, {})
        of_type[hour] = of_type.get(hour, 0) + count
    types = tuple(_type(name, counts[name], per_type.get(name, {}), most_hours) for name in sorted(counts))
    return Frequency(
        as_of=span.as_of,
        since=span.since,
        hours_since=possible_time(hours_after_us),
        observed_hours=span.observed_hours,
        types=types,
    )


def _type(name: str, counts: ObservedCount, hours: dict[int, int], most_hours: int) -> TypeFrequency:
    of_day = [0] * 24
    for hour, number in hours.items():
        of_day[hour % 24] += number
    busiest = max(hours, key=lambda hour: (hours[hour], -hour), default=None)
    return TypeFrequency(
        type=name,
        count=counts.count,
        per_hour=counts.observed / counts.span.observed_hours,
        observed_since=counts.span.observed_since,
        observed_hours=counts.span.observed_hours,
        busiest=None if busiest is None else _hour(busiest, hours[busiest]),
        by_hour_of_day=tuple(of_day),
        hours={_start(hour): hours[hour] for hour in sorted(hours)[len(hours) - min(most_hours, len(hours)) :]},
    )


def _start(hour: int) -> str:
    return f"{us_to_time(hour * HOUR_US):%Y-%m-%dT%H:00:00Z}"


def _hour(hour: int, count: int) -> HourlyCount:
    return HourlyCount(start=us_to_time(hour * HOUR_US), count=count)
