"""A report's data, from the analytics."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from services.counter_store.application.analytics import Analytics
from services.counter_store.application.snapshot import Snapshot
from services.counter_store.core.counting.series import join_counts
from services.counter_store.core.reports.report import (
    DetailedReport,
    Report,
    ReportType,
    SummaryReport,
    TrendsReport,
    common_part,
    count_days,
    sort_trends,
)
from services.counter_store.core.reports.timeline import timeline
from services.counter_store.core.span import Span
from services.counter_store.core.statistics.trend import Trend


def report(
    analytics: Analytics, snapshot: Snapshot, kind: ReportType, days: int, as_of: datetime | None = None
) -> Report:
    """Return the report of ``kind`` over the ``days`` up to ``as_of``; raises RefusedError before any event time."""
    span = snapshot.span(days, as_of)
    all_time = sum(ever.total for ever in snapshot.ever.values())
    pieces = analytics.pieces(span)
    counts = join_counts(count for _, counted in pieces[1] for count in counted)
    common = common_part(kind, snapshot.site, days, span, counts, all_time)
    model, more = REPORTS[kind]
    parts = {
        "timeline": timeline(span, pieces),
        "latest_events": analytics.latest_events(span),
        "maintenance": snapshot.maintenance,
    }
    return model.model_validate(common | parts | more(analytics, snapshot, span))


def _health(analytics: Analytics, _: Snapshot, span: Span) -> dict[str, Any]:
    return {"health": analytics.health(span.until_us) if analytics.policy.health_enabled else None}


def _statistics(analytics: Analytics, snapshot: Snapshot, span: Span) -> dict[str, Any]:
    found = analytics.statistics(span, snapshot.ever, sorted(snapshot.ever), snapshot.observed)
    return {**_health(analytics, snapshot, span), "statistics": {one.type: one for one in found}}


def _trends(analytics: Analytics, snapshot: Snapshot, span: Span) -> dict[str, Any]:
    by_trend = sort_trends(analytics.statistics(span, snapshot.ever, sorted(snapshot.ever), snapshot.observed))
    trends = {trend.value: by_trend[trend] for trend in (Trend.INCREASING, Trend.DECREASING)}
    named = {
        trend.value: tuple(sorted(one.type for one in by_trend[trend]))
        for trend in (Trend.STABLE, Trend.INSUFFICIENT_DATA)
    }
    return {**trends, **named, "daily_counts": count_days(analytics.days(span), span.as_of)}


REPORTS: dict[ReportType, tuple[type[Report], Callable[[Analytics, Snapshot, Span], dict[str, Any]]]] = {
    ReportType.SUMMARY: (SummaryReport, _health),
    ReportType.DETAILED: (DetailedReport, _statistics),
    ReportType.TRENDS: (TrendsReport, _trends),
}
