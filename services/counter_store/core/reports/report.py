"""The reports ``summary``, ``detailed`` and ``trends`` as data.

Field names are the seed's. ``generated_at`` is event time, as ``as_of`` is: the same history gives the same report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from services.counter_store.core.answers import Answer, Dated
from services.counter_store.core.counting.series import Cell, Count, Series
from services.counter_store.core.reports.timeline import Timeline
from services.counter_store.core.span import Span, possible_time
from services.counter_store.core.statistics.trend import Trend
from services.counter_store.core.statistics.type_statistics import Statistics
from services.counter_store.core.time_units import DAY_US
from shared.event_text.texts import EventTexts, event_text
from shared.health import Health
from shared.instants import time_to_us, us_to_time
from shared.maintenance import Maintenance
from shared.messages import Event, Severity, Time
from shared.report import CategoryCount

TOP = 5
LATEST = 20
DAYS = 366  # listed one by one in a report of trends
RANK = tuple(Severity)  # least first
USUAL = ("power", "battery", "system", "safety")  # the seed's categories: in every report, even if empty


class ReportType(StrEnum):
    """The kinds of report."""

    SUMMARY = "summary"
    DETAILED = "detailed"
    TRENDS = "trends"


class TypeCount(Answer):
    """One type's events in the period; ``severity`` is the worst of them. A type in two categories has two rows."""

    type: str
    category: str
    severity: Severity
    count: int
    first: Time
    last: Time


class EventLine(Answer):
    """An event in words, times in UTC; ``text`` is None for a type that the catalogue does not know."""

    time: Time
    type: str
    severity: Severity
    device: str | None
    text: str | None


class Report(Dated):
    """The part of every report. Categories, types and timeline each add up to ``total_events``.

    ``all_time_events`` is everything ever counted. ``latest_events`` are the newest warnings and worse with the events
    that end them, newest first, at most ``LATEST``. ``maintenance`` is what is due now, whatever the period.
    """

    report_type: ReportType
    site: str
    period_days: int
    generated_at: Time
    since: Time
    observed_days: float
    total_events: int
    all_time_events: int
    event_categories: dict[str, CategoryCount]
    event_types: tuple[TypeCount, ...]
    timeline: Timeline
    latest_events: tuple[EventLine, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()


class SummaryReport(Report):
    """The counts by category, and the health."""

    health: Health | None


class DetailedReport(SummaryReport):
    """The summary with the statistics of every type that has ever been counted."""

    statistics: dict[str, Statistics]


class DailyCounts(Answer):
    """One type's counts by day of UTC, of the first and the last what lies in the span; days not listed had none."""

    days: dict[str, int]


class TrendsReport(Report):
    """Increasing and decreasing types, the surest first, and every type's counts by day."""

    increasing: tuple[Statistics, ...]
    decreasing: tuple[Statistics, ...]
    stable: tuple[str, ...]
    insufficient_data: tuple[str, ...]
    daily_counts: dict[str, DailyCounts]


def event_line(event: Event, texts: EventTexts) -> EventLine:
    """Return an event in words."""
    words = event_text(event, texts)
    return EventLine(time=event.time, type=event.type, severity=event.severity, device=event.device, text=words)


def category_key(category: str) -> str:
    """Return a category's name as the seed writes it."""
    return f"{category.upper()}_EVENTS"


def categorise(counts: Iterable[Count]) -> dict[str, CategoryCount]:
    """Return the counts by category, the usual four first; every count goes into exactly one."""
    usual = [category_key(category) for category in USUAL]
    found: dict[str, dict[str, int]] = {key: {} for key in usual}
    for count in counts:
        of_types = found.setdefault(category_key(count.series.category), {})
        of_types[count.series.type] = of_types.get(count.series.type, 0) + count.cell.count
    return {key: _category(found[key]) for key in (*usual, *sorted(found.keys() - set(usual)))}


def count_types(counts: Iterable[Count]) -> tuple[TypeCount, ...]:
    """Return the counts by category and type, the most frequent first."""
    cells: dict[tuple[str, str], Cell] = {}
    worst: dict[tuple[str, str], Severity] = {}
    for count in counts:
        key = (count.series.category, count.series.type)
        cells[key] = count.cell.plus(cells.get(key))
        worst[key] = max(worst.get(key, Severity.INFO), count.series.severity, key=RANK.index)
    found = [
        TypeCount(
            type=name,
            category=category_key(category),
            severity=worst[category, name],
            count=cell.count,
            first=us_to_time(cell.first_us),
            last=us_to_time(cell.last_us),
        )
        for (category, name), cell in cells.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, one.type, one.category)))


def common_part(
    kind: ReportType, site: str, days: int, span: Span, counts: Sequence[Count], all_time: int
) -> dict[str, object]:
    """Return the fields that all reports have but for the timeline."""
    return {
        "report_type": kind,
        "site": site,
        "period_days": days,
        "generated_at": span.as_of,
        "as_of": span.as_of,
        "since": span.since,
        "observed_days": span.observed_days,
        "total_events": sum(count.cell.count for count in counts),
        "all_time_events": all_time,
        "event_categories": categorise(counts),
        "event_types": count_types(counts),
    }


def count_days(days: Iterable[tuple[int, Series, int]], as_of: datetime) -> dict[str, DailyCounts]:
    """Return each type's counts by day of UTC of (time in µs, series, count), of the newest ``DAYS`` days."""
    least = possible_time(time_to_us(as_of) - DAYS * DAY_US).date().isoformat()
    found: dict[str, dict[str, int]] = {}
    names: dict[int, str] = {}  # many counts are of one time
    for time_us, series, count in days:
        day = names.get(time_us) or names.setdefault(time_us, us_to_time(time_us).date().isoformat())
        if day >= least:
            of_type = found.setdefault(series.type, {})
            of_type[day] = of_type.get(day, 0) + count
    return {name: DailyCounts(days=dict(sorted(of_type.items()))) for name, of_type in sorted(found.items())}


def sort_trends(statistics: Iterable[Statistics]) -> dict[Trend, tuple[Statistics, ...]]:
    """Return the statistics by trend, the surest first."""
    found = sorted(statistics, key=lambda one: (1.0 if one.p_value is None else one.p_value, one.type))
    return {trend: tuple(one for one in found if one.trend is trend) for trend in Trend}


def _category(types: Mapping[str, int]) -> CategoryCount:
    top = sorted(types.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return CategoryCount(total_count=sum(types.values()), event_types=len(types), top_events=tuple(top))
