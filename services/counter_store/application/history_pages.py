"""Pages of the history, and what happened around an event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from services.counter_store.adapters.tables.aggregates import Aggregates
from services.counter_store.adapters.tables.history import EventFilter, History, Row
from services.counter_store.core.counting.series import Series
from services.counter_store.core.history.cursor import Cursor, read_cursor
from services.counter_store.core.history.relations import HistoryPage, Related, RelatedEvent, apart_s, as_data, ties
from services.counter_store.core.requests.questions import HistoryQuestion, RelatedQuestion
from services.counter_store.core.time_units import US_PER_S
from shared.delivery.handler import RefusedError
from shared.instants import time_to_us
from shared.messages import Event

PAGE_BYTES = 600_000
NEAR = 1_000
EVER_US = 2**62


def page(history: History, aggregates: Aggregates, question: HistoryQuestion) -> HistoryPage:
    """Return a page of events: as many as are asked for, or fewer where they are large."""
    events: list[dict[str, Any]] = []
    size, last = 0, question.cursor
    rows = _chosen(history, aggregates, question)
    for time_us, rowid, event in islice(rows, question.limit):
        data = as_data(event)
        size += len(json.dumps(data))
        if events and size > PAGE_BYTES:
            return HistoryPage(events=tuple(events), cursor=last, last=last)
        events.append(data)
        last = str(Cursor(time_us, rowid))
    return HistoryPage(events=tuple(events), cursor=last if next(rows, None) else None, last=last)


def related(history: History, aggregates: Aggregates, question: RelatedQuestion) -> Related:
    """Return what belongs to an event; raises RefusedError where the history does not hold it."""
    event = history.event(question.id)
    if event is None:
        raise RefusedError(f"the history holds no event {question.id!r}; it may have been too long ago")
    found = {
        other.id: other for other in _around(history, aggregates, event, question.window_s) if other.id != event.id
    }
    tied = [(other, by) for other in found.values() if (by := ties(event, other, question.window_s))]
    tied.sort(key=lambda item: (abs(apart_s(event, item[0])), item[0].id))
    return Related(
        event=as_data(event),
        related=tuple(
            RelatedEvent(after_s=apart_s(event, other), by=by, event=as_data(other))
            for other, by in tied[: question.limit]
        ),
    )


def _chosen(history: History, aggregates: Aggregates, question: HistoryQuestion) -> Iterator[Row]:
    since_us = -EVER_US if question.since is None else time_to_us(question.since)
    until_us = EVER_US if question.until is None else time_to_us(question.until)
    choice = EventFilter(since_us, until_us, _conditions(question))
    cursor = None if question.cursor is None else read_cursor(question.cursor)
    newest = question.order == "newest"
    if question.incident is not None:
        return history.by_incident(question.incident, choice, cursor, newest)
    return history.by_types(_types(aggregates, question), choice, cursor, newest)


def _conditions(question: HistoryQuestion) -> dict[str, Any]:
    given: dict[str, Any] = {f"{name} = ?": getattr(question, name) for name in ("category", "device", "zone")}
    for name, values in (("type", question.types), ("severity", question.severities)):
        if values is not None:
            given[f"+{name} IN ({', '.join('?' * len(values))})"] = tuple(values)  # +: not what picks the index
    return {sql: value for sql, value in given.items() if value is not None}


def _types(aggregates: Aggregates, question: HistoryQuestion) -> list[str]:
    """Return the types that may have such events: a type of other devices or severities need not be searched.

    So no index by device or zone is kept, which each event would have to be written into (docs/adr/0016).
    """

    def fits(series: Series) -> bool:
        return (
            (question.types is None or series.type in question.types)
            and question.category in (None, series.category)
            and (question.severities is None or series.severity in question.severities)
            and (aggregates.full or question.device in (None, series.device))
            and (aggregates.full or question.zone in (None, series.zone))
        )

    return sorted({series.type for series in aggregates.series.values() if fits(series)})


def _around(history: History, aggregates: Aggregates, event: Event, window_s: float) -> Iterator[Event]:
    """Yield what lies near an event by device, zone or incident: a bounded number of each, the nearest."""
    at_us, window_us = time_to_us(event.time), round(window_s * US_PER_S)
    incident = event.metadata.get("incident")
    for newest, choice in (
        (True, EventFilter(at_us - window_us, at_us)),
        (False, EventFilter(at_us, at_us + window_us)),
    ):
        for name in ("device", "zone"):
            value = getattr(event, name)
            if value is not None:
                types = _types(aggregates, HistoryQuestion.model_validate({name: value}))
                there = EventFilter(choice.since_us, choice.until_us, {f"{name} = ?": value})
                yield from _events(history.by_types(types, there, None, newest))
        if isinstance(incident, str):
            whenever = EventFilter(-EVER_US, at_us) if newest else EventFilter(at_us, EVER_US)
            yield from _events(history.by_incident(incident, whenever, None, newest))


def _events(rows: Iterator[Row]) -> Iterator[Event]:
    return (event for _, _, event in islice(rows, NEAR))
