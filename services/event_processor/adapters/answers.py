"""The answers on ``request/event_processor/…`` besides health and maintenance.

- ``pipeline``: the stages, how many events ended where, the handlers and their routes.
- ``incidents``: newest first; ``open`` for those only, ``limit`` (50) and ``cursor`` (of the page before) for more.
- ``analytics``: rates by type, failures that repeat and hours that stand out, of the last ``hours`` (24).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from services.event_processor.adapters.analytics import HOURS_KEPT, Analytics
from services.event_processor.adapters.incident_table import PAGE_MOST, IncidentTable
from services.event_processor.core.catalogue.event_types import suggestion
from services.event_processor.core.correlation.correlator import IncidentSnapshot
from services.event_processor.core.device.latch import stamp
from services.event_processor.core.pipeline.event_context import Pipeline
from services.event_processor.core.pipeline.plan import PipelinePlan
from services.event_processor.core.pipeline.stages import STAGES
from services.event_processor.core.schema import Data
from shared.delivery.handler import RefusedError
from shared.instants import time_to_us, us_to_time

FAILURES = "repeated_failures"


class IncidentsAsked(Data):
    """Which incidents, and how many of them."""

    open: bool = False
    limit: Annotated[int, Field(ge=1, le=PAGE_MOST)] = 50
    cursor: int | None = None


class AnalyticsAsked(Data):
    """Over how many hours."""

    hours: Annotated[int, Field(ge=1, le=HOURS_KEPT)] = 24


class Answers:
    """The answers, each of bounded size."""

    def __init__(self, plan: PipelinePlan, incidents: IncidentTable, analytics: Analytics, pipeline: Pipeline) -> None:
        self._plan = plan
        self._kept = incidents
        self._analytics = analytics
        self._pipeline = pipeline
        self._by_name: dict[str, Callable[[Mapping[str, Any], datetime], Mapping[str, Any]]] = {
            "pipeline": self._answer_pipeline,
            "incidents": self._incidents,
            "analytics": self._answer_analytics,
        }

    def answer(self, name: str, data: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
        """Return the answer; raises RefusedError for an unknown request."""
        answer = self._by_name.get(name)
        if answer is None:
            known = ["health", "maintenance", *self._by_name]
            raise RefusedError(
                f"event_processor knows no {name!r}{suggestion(name, known)}; it knows {', '.join(known)}"
            )
        return answer(data, now)

    def _answer_pipeline(self, _: Mapping[str, Any], __: datetime) -> Mapping[str, Any]:
        rules = self._plan.rules
        return {
            "stages": [name for name, _ in STAGES],
            "counts": dict(self._pipeline.counts),
            "late": self._pipeline.correlator.late,
            "handlers": {name: handler.kind for name, handler in rules.handlers.items()},
            "routes": [route.model_dump(mode="json", exclude_defaults=True) for route in rules.routes],
        }

    def _incidents(self, data: Mapping[str, Any], _: datetime) -> Mapping[str, Any]:
        asked = IncidentsAsked.model_validate(data)
        found = self._kept.page(asked.cursor, asked.limit, asked.open)
        more = {"cursor": found[-1][0]} if len(found) == asked.limit else {}
        return {"incidents": [incident_data(standing) for _, standing in found], **more}

    def _answer_analytics(self, data: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
        asked = AnalyticsAsked.model_validate(data)
        since_us = time_to_us(now) - asked.hours * 3_600_000_000
        failures = [
            {
                "device": standing.key,
                "pattern": standing.pattern,
                "failure_count": standing.incident.count,
                "time_span_s": (standing.incident.last_us - standing.incident.start_us) / 1e6,
            }
            for _, standing in self._kept.page(None, PAGE_MOST, False)
            if standing.pattern == FAILURES and standing.incident.last_us >= since_us
        ]
        return {**self._analytics.answer(time_to_us(now), asked.hours), "failure_patterns": failures}


def incident_data(standing: IncidentSnapshot) -> dict[str, Any]:
    """Return an incident as JSON values."""
    found = standing.incident
    times = {"start": found.start_us, "last": found.last_us, "end": found.end_us}
    return {
        "id": found.id,
        "pattern": standing.pattern,
        "key": standing.key,
        **{name: stamp(us_to_time(us)) for name, us in times.items() if us is not None},
        **({"why": found.why} if found.why else {}),
        "count": found.count,
        "events": list(found.events),
    }
