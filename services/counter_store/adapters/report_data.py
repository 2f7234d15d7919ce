"""A report's data, put together from the measures. What it is written down as, and when, is others' business."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from services.counter_store.adapters.measures import Measures
from services.counter_store.adapters.moment import Moment
from services.counter_store.core.counted import Series
from services.counter_store.core.reports import (
    DetailedReport,
    Report,
    ReportType,
    SummaryReport,
    TrendsReport,
    common_part,
    count_days,
    sort_trends,
)
from services.counter_store.core.span import Span
from services.counter_store.core.trend import Trend

Days = list[tuple[int, Series, int]]  # as Measures.days


def report(measures: Measures, moment: Moment, kind: ReportType, days: int, as_of: datetime | None = None) -> Report:
    """Return the report of ``kind`` over the ``days`` up to ``as_of``; raises RefusedError before there is a time."""
    span = moment.span(days, as_of)
    all_time = sum(ever.total for ever in moment.ever.values())
    common = common_part(kind, moment.site, days, span, measures.counts(span), all_time)
    model, more = REPORTS[kind]
    days_of = measures.days(span)
    timeline = measures.timeline(span, days_of)
    return model.model_validate(common | {"timeline": timeline} | more(measures, moment, span, days_of))


def _health(measures: Measures, _: Moment, span: Span, __: Days) -> dict[str, Any]:
    return {"health": measures.health(span.until_us) if measures.keeping.health_enabled else None}


def _statistics(measures: Measures, moment: Moment, span: Span, days_of: Days) -> dict[str, Any]:
    found = measures.statistics(span, moment.ever, sorted(moment.ever))
    return {**_health(measures, moment, span, days_of), "statistics": {one.type: one for one in found}}


def _trends(measures: Measures, moment: Moment, span: Span, days_of: Days) -> dict[str, Any]:
    by_trend = sort_trends(measures.statistics(span, moment.ever, sorted(moment.ever)))
    told = {trend.value: by_trend[trend] for trend in (Trend.INCREASING, Trend.DECREASING)}
    named = {
        trend.value: tuple(sorted(one.type for one in by_trend[trend]))
        for trend in (Trend.STABLE, Trend.INSUFFICIENT_DATA)
    }
    return {**told, **named, "daily_counts": count_days(days_of, span.as_of)}


REPORTS: dict[ReportType, tuple[type[Report], Callable[[Measures, Moment, Span, Days], dict[str, Any]]]] = {
    ReportType.SUMMARY: (SummaryReport, _health),
    ReportType.DETAILED: (DetailedReport, _statistics),
    ReportType.TRENDS: (TrendsReport, _trends),
}
