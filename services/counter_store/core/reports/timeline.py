"""A span of time cut into pieces for a chart: hours, days, weeks or months of UTC, each with its counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from services.counter_store.core.answers import Answer
from services.counter_store.core.counting.series import Series
from services.counter_store.core.span import Span, possible_time
from shared.messages import Severity, Time

Unit = Literal["hour", "day", "week", "month"]
LONGEST: tuple[tuple[float, Unit], ...] = ((3, "hour"), (92, "day"), (731, "week"))  # days up to which a unit is used
NEXT = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=31)}
LAST = datetime.max.replace(tzinfo=UTC)


class Piece(Answer):
    """What fell into one piece, by category and by severity; which add up to the same. It begins at ``start``."""

    start: Time
    by_category: dict[str, int]
    by_severity: dict[Severity, int]

    @property
    def total(self) -> int:
        """All that fell into it."""
        return sum(self.by_severity.values())


class Timeline(Answer):
    """Every piece of the span that was observed, empty ones too; the first and the last may lie in it only partly."""

    unit: Unit
    pieces: tuple[Piece, ...]


def unit_of(days: float, *, hours: bool) -> Unit:
    """Return what a span of so many days is cut into, some hundred pieces at most; ``hours``: they are kept apart."""
    found: Unit = next((unit for longest, unit in LONGEST if days <= longest), "month")
    return "day" if found == "hour" and not hours else found


def timeline(unit: Unit, span: Span, counts: Iterable[tuple[int, Series, int]]) -> Timeline:
    """Return the timeline of (time in µs, series, count) within a span."""
    by_category: defaultdict[datetime, Counter[str]] = defaultdict(Counter)
    by_severity: defaultdict[datetime, Counter[Severity]] = defaultdict(Counter)
    starts: dict[int, datetime] = {}  # many counts are of one time
    for time_us, series, count in counts:
        start = starts.get(time_us) or starts.setdefault(time_us, start_of(unit, possible_time(time_us)))
        by_category[start][series.category] += count
        by_severity[start][series.severity] += count
    first, last = (possible_time(us) for us in (span.seen_after_us + 1, span.seen_until_us - 1))
    pieces = [
        Piece(start=start, by_category=by_category.get(start, {}), by_severity=by_severity.get(start, {}))
        for start in _starts(unit, min([first, *by_category]), max([last, *by_category]))
    ]
    return Timeline(unit=unit, pieces=tuple(pieces))


def start_of(unit: Unit, time: datetime) -> datetime:
    """Return the first instant of the piece that a time is in; weeks begin on Monday."""
    if unit == "hour":
        return time.replace(minute=0, second=0, microsecond=0)
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday() if unit == "week" else 0)


def _starts(unit: Unit, first: datetime, last: datetime) -> Iterator[datetime]:
    start = start_of(unit, first)
    while start <= last:
        yield start
        if start > LAST - NEXT[unit]:
            return
        start = start_of(unit, start + NEXT[unit])
