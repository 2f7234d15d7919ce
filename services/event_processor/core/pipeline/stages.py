"""The pipeline: one event through ``STAGES``, in this order.

Rules:
1. A stage returns None to pass the event on, or why it drops it; drops are counted by stage and reason.
2. Critical events pass every filter. A dropped event shows only in these counts: it has no seq, is not stored and
   triggers nothing. "Counted exactly once" holds for the others; as shipped nothing is filtered.
3. Events marked ``replayed`` are history: they are recorded, but not correlated or executed, and draw from no rate
   limit.
4. Stages add to a copy, except where nothing else refers to the event (``EventContext.own``): a copy costs as much as
   the event itself.
5. The result depends on the events and the pipeline's state, not on clock, batch or machine.
"""

from __future__ import annotations

from services.event_processor.core.pipeline.candidates import Refusal, admit
from services.event_processor.core.pipeline.event_context import Dropped, EventContext, Offer, Pipeline, Stage
from services.event_processor.core.pipeline.filters import filter_event
from services.event_processor.core.pipeline.plan import RANK, PipelinePlan, TypeRoute
from services.event_processor.core.pipeline.rules import EventRoute
from services.event_processor.core.pipeline.work import DEAD_LETTER
from services.event_processor.core.process import triggers_of
from shared.messages import Event

OURS = frozenset(
    {"system_version", "processing_node", "zone_context", "correlated_events", "correlation_pattern", "incident"}
    | {"processing_ms", "skipped_before", "depth", "offered_by", "offer"}
)


def run(pipeline: Pipeline, context: EventContext) -> Dropped | None:
    """Take one event through all stages; return why it was dropped, None if it was recorded.

    For events made from frames, stages without work for the type are skipped: see ``needed``.
    """
    pipeline.counts["received"] += 1
    for name, stage in STAGES if context.offer is not None else _steps(pipeline, context):
        ended = stage(pipeline, context)
        if ended is not None:
            pipeline.counts[f"{name}.{ended.code}"] += 1
            if pipeline.ended is not None:
                pipeline.ended.append((context.event, name, ended))
            return ended
    return None


def _steps(pipeline: Pipeline, context: EventContext) -> tuple[tuple[str, Stage], ...]:
    event_type = context.event.type
    context.type_route = type_route = pipeline.plan.type_routes[event_type]
    steps = pipeline.steps.get(event_type)
    if steps is None:
        steps = tuple((name, stage) for name, stage in STAGES if needed(name, pipeline.plan, type_route))
        pipeline.steps[event_type] = steps
    return steps


def needed(stage: str, plan: PipelinePlan, type_route: TypeRoute) -> bool:
    """Whether a stage has work for events of a type that are made from frames."""
    match stage:
        case "validate" | "dedupe":
            return False  # done when their frame was applied
        case "filter":
            return type_route.barred or type_route.limit is not None or bool(plan.zones) or plan.at_least > 0
        case "enrich":
            return bool(plan.stamp or plan.rules.enrichment.zones)
        case "correlate":
            return type_route.correlates
        case "route":
            return bool(type_route.routes)
        case "execute":
            return bool(type_route.triggers)
    return True


def validate(pipeline: Pipeline, context: EventContext) -> Dropped | None:
    """Drop an offer that ``admit`` refuses, or that makes a chain of causes too long."""
    plan = pipeline.plan
    if context.offer is not None:
        offer = context.offer
        admitted = admit(plan.compiled, offer.producer, offer.candidate, offer.received_at, offer.arrival)
        if isinstance(admitted, Refusal):
            return Dropped("refused", admitted.reason, admitted.report)
        context.depth = chain_depth(offer)
        if context.depth > plan.rules.longest_chain:
            text = f"it ends a chain of {context.depth} events, and longest_chain in pipeline.yaml is "
            return Dropped("chain", f"{text}{plan.rules.longest_chain}: events cause one another in a circle")
        context.event = admitted
        context.added = {key: value for key, value in admitted.metadata.items() if key not in OURS}
        context.added["offered_by"] = offer.producer
        if offer.candidate.id is not None:
            context.added["offer"] = offer.candidate.id
    context.type_route = plan.type_routes[context.event.type]
    context.replayed = context.event.metadata.get("replayed") is True
    return None


def chain_depth(offer: Offer) -> int:
    """Return the length of the chain of causes that an offer ends; 0 where its metadata names no cause.

    A client that answers a trigger with an event passes ``depth`` on in its metadata; with ``caused_by`` alone the
    length is 1.
    """
    if offer.depth is not None:
        return offer.depth
    metadata = offer.candidate.metadata
    depth = metadata.get("depth")
    if isinstance(depth, int) and not isinstance(depth, bool) and depth >= 0:
        return depth + 1
    return 1 if "caused_by" in metadata else 0


def dedupe(pipeline: Pipeline, context: EventContext) -> Dropped | None:
    """Drop an offer whose id was accepted before. Events from frames are unique by their place in the stream."""
    offer = context.offer
    if offer is None or offer.candidate.id is None or pipeline.seen.is_new(offer.producer, offer.candidate.id):
        return None
    return Dropped("repeat")


def enrich(pipeline: Pipeline, context: EventContext) -> Dropped | None:
    """Add version and node, the depth of its chain, and the metadata of its zone from the settings."""
    added = context.added
    added.update(pipeline.plan.stamp)
    if context.depth:
        added["depth"] = context.depth
    zone = context.event.zone
    if zone is not None and (zone_context := pipeline.plan.rules.enrichment.zones.get(zone)):
        added["zone_context"] = dict(zone_context)
    return None


def correlate(pipeline: Pipeline, context: EventContext) -> Dropped | None:
    """Add related events and the incident: see ``core.correlation``."""
    if context.replayed or context.type_route is None or not context.type_route.correlates:
        return None
    found = pipeline.correlator.correlate(context.event, context.sender)
    if found.related:
        context.added["correlated_events"] = list(found.related)
    if found.incident is not None:
        context.added["correlation_pattern"] = found.pattern
        context.added["incident"] = found.incident
    return None


def route(_: Pipeline, context: EventContext) -> Dropped | None:
    """Find the event's handlers, each once, in the order of the routes."""
    event, type_route = context.event, context.type_route
    if type_route is None:
        return None
    if type_route.handlers is not None:
        context.handlers = type_route.handlers
        return None
    spared = event.data.get("handler") if event.type == DEAD_LETTER else None  # the handler that failed on it
    names = (name for each in type_route.routes if _leads(each, event) for name in each.handlers)
    context.handlers = tuple(dict.fromkeys(name for name in names if name != spared))
    return None


def _leads(wanted: EventRoute, event: Event) -> bool:
    return (
        RANK[event.severity] >= RANK[wanted.at_least]
        and (not wanted.devices or event.device in wanted.devices)
        and (not wanted.zones or event.zone in wanted.zones)
    )


def execute(pipeline: Pipeline, context: EventContext) -> Dropped | None:
    """Set the triggers, which are published with the event. History has neither triggers nor handlers."""
    if context.replayed:
        context.handlers = ()
        return None
    context.triggers = triggers_of(pipeline.plan.compiled, (context.event,))
    if context.depth:
        context.triggers = tuple(each.model_copy(update={"depth": context.depth}) for each in context.triggers)
    return None


def record(pipeline: Pipeline, context: EventContext) -> Dropped | None:
    """Put what the stages added into the event's metadata, and count it as passed."""
    if context.offer is not None:
        context.event = context.event.model_copy(update={"metadata": context.added})
    elif context.added and context.own:
        context.event.metadata.update(context.added)
    elif context.added:
        context.event = context.event.model_copy(update={"metadata": {**context.event.metadata, **context.added}})
    pipeline.counts["passed"] += 1
    return None


STAGES: tuple[tuple[str, Stage], ...] = (
    ("validate", validate),
    ("dedupe", dedupe),
    ("filter", filter_event),
    ("enrich", enrich),
    ("correlate", correlate),
    ("route", route),
    ("execute", execute),
    ("record", record),
)
