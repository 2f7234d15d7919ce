"""Compares the engine's present decisions with the recorded ones.

Rules:
1. With recorded frames: they are played through the engine as it is now, and the events it makes are held against
   those in the history by their ids, which follow from site, type, device, time and cause. Compared are events of the
   devices in the recording that the engine made itself; what was offered from outside it did not decide.
2. Without: each event of the history goes through the pipeline as it is now. Held against what was: whether it would
   end at a filter, the category and severity of the catalogue, the incident it belongs to, what it is related to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.event_processor.core.pipeline.event_context import EventContext, Pipeline
from services.event_processor.core.pipeline.plan import PipelinePlan, without_handlers
from services.event_processor.core.pipeline.stages import OURS, run
from shared.messages import Event
from upskeep.outcome import OF_THE_SUITE

SHOWN = 1_000
DECIDED = ("correlation_pattern", "incident", "correlated_events")
COMPARED = ("type", "category", "severity", "time", "device", "zone", "data")


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One event about which then and now disagree. ``field`` is ``event`` where one of them has none."""

    id: str
    type: str
    time: str
    field: str
    then: Any
    now: Any


@dataclass(slots=True)
class Verdict:
    """How many events were compared, and the differences: all counted by field, the first ``SHOWN`` in full."""

    compared: int = 0
    same: int = 0
    by_field: Counter[str] = field(default_factory=Counter)
    differences: list[FieldDifference] = field(default_factory=list)

    def add(self, found: Iterable[FieldDifference]) -> None:
        """Note one event's differences."""
        new = list(found)
        self.compared += 1
        self.same += not new
        self.by_field.update(one.field for one in new)
        self.differences += new[: max(0, SHOWN - len(self.differences))]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        differences = [{name: getattr(one, name) for name in FieldDifference.__slots__} for one in self.differences]
        counts = dict(sorted(self.by_field.items()))
        return {"compared": self.compared, "same": self.same, "differing": counts, "differences": differences}


def verify_events(
    events: Iterable[Event], plan: PipelinePlan, chosen: frozenset[str], since: datetime | None = None
) -> Verdict:
    """Judge a history, oldest first, by today's pipeline.

    Told of are the types ``chosen``, or all, from ``since`` on; what was before only says what they may belong to.
    """
    pipeline, verdict = Pipeline(without_handlers(plan)), Verdict()
    for event in events:
        found = list(_pipeline_differences(event, pipeline))
        if (not chosen or event.type in chosen) and (since is None or event.time >= since):
            verdict.add(found)
    return verdict


def verify_frames(
    then: Iterable[Event], now: Iterable[Event], devices: frozenset[str], types: frozenset[str] = frozenset()
) -> Verdict:
    """Hold the events of a history against those the engine makes now of the same frames, of all types or of some."""
    verdict = Verdict()
    before = {event.id: event for event in then if _decided(event, devices, types)}
    after = {event.id: event for event in now if _decided(event, devices, types)}
    for event_id in sorted(before.keys() | after.keys(), key=lambda each: _order(before.get(each) or after[each])):
        verdict.add(_differences(before.get(event_id), after.get(event_id)))
    return verdict


def _decided(event: Event, devices: frozenset[str], types: frozenset[str]) -> bool:
    ours = event.type not in OF_THE_SUITE and "offered_by" not in event.metadata and "imported" not in event.metadata
    return ours and event.device in devices and (not types or event.type in types)


def _order(event: Event) -> tuple[Any, ...]:
    return event.time, event.type, event.id


def _differences(then: Event | None, now: Event | None) -> Iterator[FieldDifference]:
    if then is None or now is None:
        event = then or now
        if event is not None:
            yield _difference(event, "event", "made" if then else None, "made" if now else None)
        return
    before, after = (each.model_dump(mode="json") for each in (then, now))
    for name in COMPARED:
        if before[name] != after[name]:
            yield _difference(then, name, before[name], after[name])


def _pipeline_differences(event: Event, pipeline: Pipeline) -> Iterator[FieldDifference]:
    if event.type not in pipeline.plan.compiled.catalogue:
        yield _difference(event, "event", "made", "its type is not in the catalogue")
        return
    offered = "offered_by" in event.metadata
    bare = {key: value for key, value in event.metadata.items() if key not in OURS or key == "depth"}
    context = EventContext(event.model_copy(update={"metadata": bare}))
    ended = run(pipeline, context)
    if ended is not None:
        yield _difference(event, "event", "made", ended.text or f"ends at a filter: {ended.code}")
        return
    kind = pipeline.plan.compiled.catalogue[event.type]
    if kind.category != event.category:
        yield _difference(event, "category", event.category, kind.category)
    if kind.severity is not event.severity and not offered:
        yield _difference(event, "severity", event.severity.value, kind.severity.value)
    metadata: Mapping[str, Any] = context.event.metadata
    for name in DECIDED:
        if event.metadata.get(name) != metadata.get(name):
            yield _difference(event, name, event.metadata.get(name), metadata.get(name))


def _difference(event: Event, name: str, then: Any, now: Any) -> FieldDifference:
    return FieldDifference(event.id, event.type, event.model_dump(mode="json")["time"], name, then, now)
