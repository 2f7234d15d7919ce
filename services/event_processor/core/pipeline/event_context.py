"""One event in the pipeline, and the state of the pipeline from event to event."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.event_processor.core.correlation.correlator import Correlator
from services.event_processor.core.pipeline.plan import PipelinePlan, TypeRoute
from services.event_processor.core.pipeline.ports import EVERYTHING, SeenIds
from services.event_processor.core.pipeline.token_bucket import Bucket
from shared.instants import time_to_us, us_to_time
from shared.jumps import Jump
from shared.messages import Candidate, Event, Trigger


@dataclass(frozen=True, slots=True)
class Offer:
    """A candidate as it arrived. ``depth``: how many events before it form a chain of causes; None: by its metadata."""

    producer: str
    candidate: Candidate
    received_at: datetime
    arrival: int = 0
    depth: int | None = None


@dataclass(slots=True)
class EventContext:
    """One event in the pipeline; the stages change it. ``event`` is unset only before ``validate``.

    ``heard_at`` is its arrival by this machine's clock, for offers and live frames, whose own time can be compared
    with it. ``sender``: the producer that offered it, or the reader of its device. ``own``: nothing else refers to the
    event, so its metadata may be changed in place.
    """

    event: Event
    offer: Offer | None = None
    type_route: TypeRoute | None = None
    added: dict[str, Any] = field(default_factory=dict)
    replayed: bool = False
    depth: int = 0
    handlers: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    own: bool = False
    heard_at: datetime | None = None
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Why an event was dropped: ``code`` is counted, ``text`` is for people, ``report`` is emitted instead."""

    code: str
    text: str = ""
    report: Event | None = None


class Pipeline:
    """The plan and the pipeline's state. ``correlator`` and ``buckets`` (oldest first) come from the ledger."""

    def __init__(
        self,
        plan: PipelinePlan,
        correlator: Correlator | None = None,
        buckets: OrderedDict[tuple[str, str], Bucket] | None = None,
        seen: SeenIds = EVERYTHING,
    ) -> None:
        self.plan = plan
        self.correlator = correlator or Correlator(plan.patterns)
        self.buckets = OrderedDict() if buckets is None else buckets
        self.seen = seen
        self.steps: dict[str, tuple[tuple[str, Stage], ...]] = {}  # by event type, the STAGES that concern it
        self.drawn: set[tuple[str, str]] = set()  # buckets to write
        self.counts: Counter[str] = Counter()  # received, passed, and {stage}.{code} of dropped ones
        self.zones_reported: set[str] = set()
        self.ended: list[tuple[Event, str, Dropped]] | None = None  # dropped events with their stage, for a trace

    def move(self, jump: Jump) -> None:
        """Move the state along with a jump of the wall clock."""
        self.correlator.move(jump)
        for key, bucket in self.buckets.items():
            at_us = time_to_us(jump.moved(us_to_time(bucket.at_us)))
            self.buckets[key] = Bucket(bucket.tokens, at_us, bucket.skipped)
            self.drawn.add(key)


Stage = Callable[[Pipeline, EventContext], Dropped | None]
