"""The filters: priority, type, zone and rate. What each drops is counted under its name."""

from __future__ import annotations

from services.event_processor.core.pipeline.event_context import Dropped, EventContext, Pipeline, Stage
from services.event_processor.core.pipeline.plan import RANK
from services.event_processor.core.pipeline.token_bucket import draw
from shared.instants import time_to_us
from shared.messages import Severity

ZONES_REPORTED = 100


def filter_event(pipeline: Pipeline, context: EventContext) -> Dropped | None:
    """Apply the filters in this order; critical events pass them all."""
    event = context.event
    if event.severity is Severity.CRITICAL:
        return None
    for test in FILTERS:
        ended = test(pipeline, context)
        if ended is not None:
            return ended
    return None


def _priority(pipeline: Pipeline, context: EventContext) -> Dropped | None:
    return Dropped("priority") if RANK[context.event.severity] < pipeline.plan.at_least else None


def _type(_: Pipeline, context: EventContext) -> Dropped | None:
    return Dropped("type") if context.type_route is not None and context.type_route.barred else None


def _zone(pipeline: Pipeline, context: EventContext) -> Dropped | None:
    """Drop events of zones that are not wanted. One without a zone passes; an unknown zone is reported once."""
    zone, plan = context.event.zone, pipeline.plan
    if zone is None or not plan.zones or zone in plan.zones:
        return None
    if zone in plan.rules.enrichment.zones or zone in pipeline.zones_reported:
        return Dropped("zone")
    if len(pipeline.zones_reported) < ZONES_REPORTED:
        pipeline.zones_reported.add(zone)
    return Dropped("zone", f"its zone {zone!r} is neither in filters.zones nor in enrichment.zones of pipeline.yaml")


def _rate(pipeline: Pipeline, context: EventContext) -> Dropped | None:
    """Draw from the bucket of the event's type and source, so that a busy source does not use up another's."""
    limit = context.type_route.limit if context.type_route is not None else None
    if limit is None or context.replayed:
        return None
    event, buckets = context.event, pipeline.buckets
    source = event.device or (context.offer.producer if context.offer is not None else "")
    key = (event.type, source)
    before = buckets.get(key)
    bucket, passes = draw(before, limit.per_minute, limit.burst, time_to_us(event.time))
    buckets[key] = bucket
    buckets.move_to_end(key)
    pipeline.drawn.add(key)
    if len(buckets) > pipeline.plan.rules.filters.rate_limit_sources:
        pipeline.drawn.add(buckets.popitem(last=False)[0])
    if not passes:
        return Dropped("rate")
    if before is not None and before.skipped:
        context.added["skipped_before"] = before.skipped
    return None


FILTERS: tuple[Stage, ...] = (_priority, _type, _zone, _rate)
