"""``request/counter_store/{name}``: each question with its model and what answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from services.counter_store.adapters import pages
from services.counter_store.adapters.measures import Measures
from services.counter_store.adapters.moment import Moment
from services.counter_store.adapters.report_data import report
from services.counter_store.core import requests as ask
from services.counter_store.core.inventory import Inventory, Opening
from services.counter_store.core.performance import Performance, took
from services.counter_store.core.statistics import AllStatistics, Counters
from shared.delivery.handler import RefusedError
from shared.instants import us_to_time

TOOK = 2_000  # newest events whose processing time is looked at


def answer(measures: Measures, moment: Moment, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer as JSON data; raises RefusedError, and ValidationError for fields that are wrong."""
    if name not in QUESTIONS:
        raise RefusedError(f"counter_store knows no question {name!r}; it answers {', '.join(sorted(QUESTIONS))}")
    model, function = QUESTIONS[name]
    return function(measures, moment, model.model_validate(dict(data))).model_dump(mode="json")


def _counters(_: Measures, moment: Moment, question: ask.CountersQuestion) -> BaseModel:
    wanted = (one for one in moment.counters if question.types is None or one.type in question.types)
    return Counters(counters=tuple(wanted))


def _statistics(measures: Measures, moment: Moment, question: ask.StatisticsQuestion) -> BaseModel:
    span = moment.span(question.days or measures.keeping.trend_days, question.as_of)
    types = sorted(moment.ever) if question.types is None else question.types
    return AllStatistics(as_of=span.as_of, statistics=tuple(measures.statistics(span, moment.ever, types)))


def _health(measures: Measures, moment: Moment, question: ask.HealthQuestion) -> BaseModel:
    if not measures.keeping.health_enabled:
        raise RefusedError("the health score is off; set health_scoring.enabled in config/event_counters.yaml")
    return measures.health(moment.until_us(question.as_of))


def _history(measures: Measures, _: Moment, question: ask.HistoryQuestion) -> BaseModel:
    return pages.page(measures.history, measures.aggregates, question)


def _related(measures: Measures, _: Moment, question: ask.RelatedQuestion) -> BaseModel:
    return pages.related(measures.history, measures.aggregates, question)


def _report(measures: Measures, moment: Moment, question: ask.ReportQuestion) -> BaseModel:
    return report(measures, moment, question.kind, question.days, question.as_of)


def _frequency(measures: Measures, moment: Moment, question: ask.FrequencyQuestion) -> BaseModel:
    span = moment.span(question.days, question.as_of)
    return measures.frequency(span, question.types, question.hours, moment.hours_us(measures.keeping))


def _failures(measures: Measures, moment: Moment, question: ask.FailuresQuestion) -> BaseModel:
    return measures.failures(moment.span(question.days, question.as_of), question.days, question.min_failures)


def _anomalies(measures: Measures, moment: Moment, question: ask.AnomaliesQuestion) -> BaseModel:
    span = moment.span(1, question.as_of)
    return measures.anomalies(span, question.hours, question.types, moment.hours_us(measures.keeping))


def _inventory(measures: Measures, moment: Moment, _: ask.InventoryQuestion) -> BaseModel:
    if moment.imports is None:
        raise RefusedError("this store cannot be exported")
    return Inventory(
        site=moment.site,
        origin=moment.imports.origin(),
        as_of=us_to_time(moment.until_us(None)),
        held=measures.history.held(),
        openings=tuple(Opening.model_validate(each) for each in moment.imports.openings()),
    )


def _performance(measures: Measures, moment: Moment, _: ask.PerformanceQuestion) -> BaseModel:
    return Performance(
        as_of=us_to_time(moment.until_us(None)),
        last_hour=sum(counter.last_hour for counter in moment.counters),
        last_day=sum(counter.last_day for counter in moment.counters),
        events=sum(ever.total for ever in moment.ever.values()),
        types=len(moment.ever),
        series=len(measures.aggregates.series),
        processing=took(measures.history.processing_ms(TOOK)),
        **moment.figures,
    )


QUESTIONS: dict[str, tuple[type[BaseModel], Callable[[Measures, Moment, Any], BaseModel]]] = {
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
