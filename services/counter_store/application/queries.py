"""``request/counter_store/{name}``: each request with its model and its function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from services.counter_store.application import history_pages
from services.counter_store.application.analytics import Analytics
from services.counter_store.application.report_builder import report
from services.counter_store.application.snapshot import Snapshot
from services.counter_store.core.history.inventory import Inventory, Opening
from services.counter_store.core.requests import questions as ask
from services.counter_store.core.statistics.performance import Performance, took
from services.counter_store.core.statistics.type_statistics import AllStatistics, Counters
from shared.delivery.handler import RefusedError
from shared.instants import us_to_time

TOOK = 2_000  # newest events whose processing time is measured


def answer(analytics: Analytics, snapshot: Snapshot, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer as JSON data; raises RefusedError, and ValidationError for fields that are wrong."""
    if name not in QUESTIONS:
        raise RefusedError(f"counter_store knows no question {name!r}; it answers {', '.join(sorted(QUESTIONS))}")
    model, function = QUESTIONS[name]
    return function(analytics, snapshot, model.model_validate(dict(data))).model_dump(mode="json")


def _counters(_: Analytics, snapshot: Snapshot, question: ask.CountersQuestion) -> BaseModel:
    wanted = (one for one in snapshot.counters if question.types is None or one.type in question.types)
    return Counters(counters=tuple(wanted))


def _statistics(analytics: Analytics, snapshot: Snapshot, question: ask.StatisticsQuestion) -> BaseModel:
    span = snapshot.span(question.days or analytics.policy.trend_days, question.as_of)
    types = sorted(snapshot.ever) if question.types is None else question.types
    return AllStatistics(
        as_of=span.as_of, statistics=tuple(analytics.statistics(span, snapshot.ever, types, snapshot.observed))
    )


def _health(analytics: Analytics, snapshot: Snapshot, question: ask.HealthQuestion) -> BaseModel:
    if not analytics.policy.health_enabled:
        raise RefusedError("the health score is off; set health_scoring.enabled in config/event_counters.yaml")
    return analytics.health(snapshot.until_us(question.as_of))


def _history(analytics: Analytics, _: Snapshot, question: ask.HistoryQuestion) -> BaseModel:
    return history_pages.page(analytics.history, analytics.aggregates, question)


def _related(analytics: Analytics, _: Snapshot, question: ask.RelatedQuestion) -> BaseModel:
    return history_pages.related(analytics.history, analytics.aggregates, question)


def _report(analytics: Analytics, snapshot: Snapshot, question: ask.ReportQuestion) -> BaseModel:
    return report(analytics, snapshot, question.kind, question.days, question.as_of)


def _frequency(analytics: Analytics, snapshot: Snapshot, question: ask.FrequencyQuestion) -> BaseModel:
    span = snapshot.span(question.days, question.as_of)
    return analytics.frequency(
        span, question.types, question.hours, snapshot.hours_us(analytics.policy), snapshot.observed
    )


def _failures(analytics: Analytics, snapshot: Snapshot, question: ask.FailuresQuestion) -> BaseModel:
    return analytics.failures(snapshot.span(question.days, question.as_of), question.days, question.min_failures)


def _anomalies(analytics: Analytics, snapshot: Snapshot, question: ask.AnomaliesQuestion) -> BaseModel:
    span = snapshot.span(1, question.as_of)
    return analytics.anomalies(span, question.hours, question.types, snapshot.hours_us(analytics.policy))


def _inventory(analytics: Analytics, snapshot: Snapshot, _: ask.InventoryQuestion) -> BaseModel:
    if snapshot.imports is None:
        raise RefusedError("this store cannot be exported")
    return Inventory(
        site=snapshot.site,
        origin=snapshot.imports.origin(),
        as_of=us_to_time(snapshot.until_us(None)),
        held=analytics.history.held(),
        openings=tuple(Opening.model_validate(each) for each in snapshot.imports.openings()),
    )


def _performance(analytics: Analytics, snapshot: Snapshot, _: ask.PerformanceQuestion) -> BaseModel:
    return Performance(
        as_of=us_to_time(snapshot.until_us(None)),
        last_hour=sum(counter.last_hour for counter in snapshot.counters),
        last_day=sum(counter.last_day for counter in snapshot.counters),
        events=sum(ever.total for ever in snapshot.ever.values()),
        types=len(snapshot.ever),
        series=len(analytics.aggregates.series),
        processing=took(analytics.history.processing_ms(TOOK)),
        **snapshot.figures,
    )


QUESTIONS: dict[str, tuple[type[BaseModel], Callable[[Analytics, Snapshot, Any], BaseModel]]] = {
    "counters": (ask.CountersQuestion, _counters),
    "statistics": (ask.StatisticsQuestion, _statistics),
    "health": (ask.HealthQuestion, _health),
    "history": (ask.HistoryQuestion, _history),
    "related": (ask.RelatedQuestion, _related),
    "report": (ask.ReportQuestion, _report),
    "frequency": (ask.FrequencyQuestion, _frequency),
    "failures": (ask.FailuresQuestion, _failures),
    "anomalies": (ask.AnomaliesQuestion, _anomalies),
    "inventory": (ask.InventoryQuestion, _inventory),
    "performance": (ask.PerformanceQuestion, _performance),
}
