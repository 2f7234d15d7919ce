"""One event on its way through the pipeline, and what the pipeline remembers from event to event."""

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
    """A candidate as it came: its producer, time and number. ``depth``: how many events before it made one chain."""

    producer: str
    candidate: Candidate
    received_at: datetime
    arrival: int = 0
    depth: int | None = None


@dataclass(slots=True)
class EventContext:
    """One event on its way; the stages change it as they go. ``event`` is unset only before ``validate``.

    ``heard_at`` is when it came by this machine's clock, where its own time can be held against that: offers and live
    frames. ``sender``: who offered it, or the reader of its device. ``own``: it was made for this passage and nobody
    else has it; what is added may go into its metadata as they stand.
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
    """Where an event ended, and why: ``code`` is counted, ``text`` is for people, ``report`` is emitted instead."""

    code: str
    text: str = ""
    report: Event | None = None


class Pipeline:
    """The plan, and what is remembered. ``correlator`` and ``buckets`` (oldest first) are as a ledger kept them."""

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
        self.steps: dict[str, tuple[tuple[str, Stage], ...]] = {}  # of STAGES, what has to do with a type
        self.drawn: set[tuple[str, str]] = set()  # buckets to be written
        self.counts: Counter[str] = Counter()  # received, passed, and {stage}.{code} for every other end
        self.zones_reported: set[str] = set()
        self.ended: list[tuple[Event, str, Dropped]] | None = None  # where events ended, if somebody wants to know

    def move(self, jump: Jump) -> None:
        """Move what is remembered along with a wall clock that jumped."""
        self.correlator.move(jump)
        for key, bucket in self.buckets.items():
            at_us = time_to_us(jump.moved(us_to_time(bucket.at_us)))
            self.buckets[key] = Bucket(bucket.tokens, at_us, bucket.skipped)
            self.drawn.add(key)


Stage = Callable[[Pipeline, EventContext], Dropped | None]
