"""Plans of a few words, events by the second, and stages over a ledger in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from services.event_processor.core.correlation.patterns import PatternRules
from services.event_processor.core.pipeline.event_context import EventContext, Pipeline
from services.event_processor.core.pipeline.plan import NO_PATTERNS, PipelinePlan, compile_plan
from services.event_processor.core.pipeline.rules import PipelineRules
from services.event_processor.core.pipeline.stages import run
from services.event_processor.service import EventProcessor
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Candidate, Event, Severity
from tests.support.scenarios import SHIPPED, START, at

QUIET = {"related": {"most": 0}}


def planned(rules: Mapping[str, Any] | None = None, patterns: Mapping[str, Any] | None = None) -> PipelinePlan:
    """Return the plan that these files would make, over the shipped catalogue."""
    wanted = NO_PATTERNS if patterns is None else PatternRules.model_validate({**QUIET, **patterns})
    return compile_plan(SHIPPED, PipelineRules.model_validate(rules or {}), wanted)


def event(second: float, event_type: str = "I2C_ERROR", device: str | None = "ups", **more: Any) -> Event:
    """Return an event of the scene's second; its id tells type, device and second unless one is given."""
    kind = SHIPPED.catalogue[event_type]
    fields = {"id": f"{event_type}/{device}/{second:g}", "severity": kind.severity, "category": kind.category} | more
    return Event(type=event_type, time=at(second), site="home", device=device, **fields)


def passed(pipeline: Pipeline, events: Iterable[Event]) -> list[Event]:
    """Return the events that come out, as they come out."""
    found = []
    for each in events:
        context = EventContext(each)
        if run(pipeline, context) is None:
            found.append(context.event)
    return found


@contextmanager
def processor(plan: PipelinePlan, path: str = ":memory:") -> Iterator[tuple[EventProcessor, Ledger, InMemoryPublisher]]:
    """A stage over a ledger of its own; its clock stands at the scene's start."""
    with closing(Ledger(path)) as ledger:
        outlet = InMemoryPublisher()
        yield EventProcessor(SHIPPED, ledger, outlet, lambda: START, plan), ledger, outlet


def offered(stage: EventProcessor, ledger: Ledger, *candidates: Candidate, producer: str = "nodered") -> None:
    """Offer candidates as one batch."""
    with ledger.transaction():
        for candidate in candidates:
            stage.offer(producer, candidate, f"upskeep/v1/home/ingest/{producer}", b"{}")
        stage.flush()


def events_of(outlet: InMemoryPublisher) -> list[Event]:
    """Return the events that were emitted."""
    return [message for message in outlet.emitted if isinstance(message, Event)]


CRITICAL = Severity.CRITICAL
