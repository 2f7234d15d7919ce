"""A span of time cut into pieces for a chart: hours, days, weeks or months of UTC, each with its counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from services.counter_store.core.answers import Answer
from services.counter_store.core.counting.series import Count
from services.counter_store.core.span import Span, possible_time
from shared.messages import Severity, Time

Unit = Literal["hour", "day", "week", "month"]
Pieces = tuple[Unit, Sequence[tuple[datetime, Sequence[Count]]]]  # each from its first instant on, oldest first
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


def timeline(span: Span, pieces: Pieces) -> Timeline:
    """Return the timeline of a span that is cut into pieces: those that were observed, and those that have events."""
    unit, found = pieces
    by_category: dict[datetime, Counter[str]] = {}
    by_severity: dict[datetime, Counter[Severity]] = {}
    for start, counts in found:
        if not counts:
            continue
        categories = by_category[start] = Counter[str]()
        severities = by_severity[start] = Counter[Severity]()
        for series, cell in counts:
            categories[series.category] += cell.count
            severities[series.severity] += cell.count
    first, last = (possible_time(us) for us in (span.seen_after_us + 1, span.seen_until_us - 1))
    shown = starts_of(unit, min([first, *by_category]), max([last, *by_category]))
    return Timeline(
        unit=unit,
        pieces=tuple(
            Piece(start=start, by_category=by_category.get(start, {}), by_severity=by_severity.get(start, {}))
            for start in shown
        ),
    )


def start_of(unit: Unit, time: datetime) -> datetime:
    """Return the first instant of the piece that a time is in; weeks begin on Monday."""
    if unit == "hour":
        return time.replace(minute=0, second=0, microsecond=0)
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday() if unit == "week" else 0)


def starts_of(unit: Unit, first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the first instants of the pieces from that of ``first`` to that of ``last``."""
    start = start_of(unit, first)
    while start <= last:
        yield start
        if start > LAST - NEXT[unit]:
            return
        start = start_of(unit, start + NEXT[unit])
