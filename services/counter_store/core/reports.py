"""The reports ``summary``, ``detailed`` and ``trends`` as data.

Field names are the seed's. ``generated_at`` is event time, as ``as_of`` is: the same history gives the same report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from services.counter_store.core.answers import Answer, Dated
from services.counter_store.core.counted import Count
from services.counter_store.core.span import Span
from services.counter_store.core.statistics import Statistics
from services.counter_store.core.trend import Trend
from shared.health import Health
from shared.messages import Time

TOP = 5
USUAL = ("power", "battery", "system", "safety")  # the seed's categories: in every report, even if empty


class ReportType(StrEnum):
    """The kinds of report."""

    SUMMARY = "summary"
    DETAILED = "detailed"
    TRENDS = "trends"


class CategoryCount(Answer):
    """One category's events in the period, with its most frequent types."""

    total_count: int
    event_types: int
    top_events: tuple[tuple[str, int], ...]


class Report(Dated):
    """What all reports have. The categories add up to ``total_events``, always; ``all_time_events`` is everything."""

    report_type: ReportType
    site: str
    period_days: int
    generated_at: Time
    since: Time
    observed_days: float
    total_events: int
    all_time_events: int
    event_categories: dict[str, CategoryCount]


class SummaryReport(Report):
    """The counts by category, and the health."""

    health: Health | None


class DetailedReport(SummaryReport):
    """The summary with the statistics of every type that has ever been counted."""

    statistics: dict[str, Statistics]


class DailyCounts(Answer):
    """One type's counts by day of UTC; days not listed had none."""

    days: dict[str, int]


class TrendsReport(Report):
    """What becomes more and what fewer, surest first, and every type's counts day by day."""

    increasing: tuple[Statistics, ...]
    decreasing: tuple[Statistics, ...]
    stable: tuple[str, ...]
    insufficient_data: tuple[str, ...]
    daily_counts: dict[str, DailyCounts]


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


def common_part(
    kind: ReportType, site: str, days: int, span: Span, counts: Sequence[Count], all_time: int
) -> dict[str, object]:
    """Return the fields that all reports have."""
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
    }


def sort_trends(statistics: Iterable[Statistics]) -> dict[Trend, tuple[Statistics, ...]]:
    """Return the statistics by trend, the surest first."""
    found = sorted(statistics, key=lambda one: (1.0 if one.p_value is None else one.p_value, one.type))
    return {trend: tuple(one for one in found if one.trend is trend) for trend in Trend}


def _category(types: Mapping[str, int]) -> CategoryCount:
    top = sorted(types.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return CategoryCount(total_count=sum(types.values()), event_types=len(types), top_events=tuple(top))
