"""A site that only reads, processed at the centre: its frames in, the events that its own event_processor would make.

The cores are event_processor's, in its order: whose device it is, a jump of the clock, devices that are silent, rules
that are no more, the frame's own rules, the pipeline's filters. A ``CentralSite`` lives for one batch, over what the
store kept of the site; so a repeat, a crash or another worker changes nothing (docs/adr/0055).

Rules:
1. Ids, times, severities and data are those of the site's own event_processor, for the same frames and configuration.
2. What it would say of itself (life signs, health, two readers of one device) is no event here; what others offer is.
3. A frame that is refused changes nothing that is remembered.
4. A state is said when a word of it changes, and its numbers every ``STATE_EVERY``: as the uplink of any site says it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.event_processor.core.device.memory import NOTHING, Memory
from services.event_processor.core.device.owners import DeviceOwners, scoped
from services.event_processor.core.pipeline.candidates import Refusal, admit
from services.event_processor.core.pipeline.event_context import EventContext, Offer, Pipeline
from services.event_processor.core.pipeline.plan import PipelinePlan, compile_plan
from services.event_processor.core.pipeline.stages import chain_depth, run
from services.event_processor.core.pipeline.token_bucket import Bucket
from services.event_processor.core.process import Outcome, process_frame
from services.event_processor.core.removed_rules import end_removed_rules
from services.event_processor.core.silence import Silences
from services.event_processor.core.state import state_words
from shared.jumps import CLOCK_STEP, IN_FRAME, Jump, read_jump
from shared.messages import DeviceState, Event, Frame
from shared.site_records import OfferRecord

STATE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KeptDevice:
    """What is kept of a device: who reads it, its memory, its rate limits by event type, when its state was said."""

    producer: str = ""
    memory: Memory = NOTHING
    buckets: Mapping[str, Bucket] = field(default_factory=dict)
    said_at: datetime | None = None
    words: str = ""  # of that state


@dataclass(frozen=True, slots=True)
class CentralRules:
    """How frames are processed: ``plan_of`` gives a site's plan, as ``ready`` makes it."""

    plan_of: Callable[[str], PipelinePlan]
    max_devices: int = 100
    tolerance: timedelta = timedelta(hours=24)


def ready(plan: PipelinePlan) -> PipelinePlan:
    """Return a plan for the centre: it filters as the site's, and leaves out metadata, handlers and triggers."""
    bare = compile_plan(plan.compiled, plan.rules.model_copy(update={"routes": ()}))
    routes = {name: replace(route, triggers=()) for name, route in bare.type_routes.items()}
    return replace(bare, type_routes=routes)


def of_site(plan: PipelinePlan, site: str) -> PipelinePlan:
    """Return a plan for another site: the ids of its events follow from its name."""
    return replace(plan, compiled=replace(plan.compiled, site=site))


class CentralSite:
    """One site, whose plan that is, for one batch. ``devices`` are those that the batch may need; ``count``: of all.

    ``touched`` are the devices of which something has changed.
    """

    def __init__(
        self, plan: PipelinePlan, rules: CentralRules, devices: Mapping[str, KeptDevice], count: int, latest: datetime
    ) -> None:
        self._rules, self._count, self._latest = rules, count, latest
        self._compiled = plan.compiled
        self._site = plan.compiled.site
        self._owners = DeviceOwners(((name, kept.producer) for name, kept in devices.items() if kept.producer))
        self._memories = {name: kept.memory for name, kept in devices.items()}
        self._pipeline = Pipeline(plan, buckets=_buckets(devices))
        self._silences = Silences(plan.compiled)
        self._checked: set[str] = set()
        self._said = {name: (kept.said_at, kept.words) for name, kept in devices.items()}
        self._to_say: dict[str, Outcome] = {}
        self.touched: set[str] = set()

    def apply(self, frame: Frame) -> tuple[Event, ...] | str:
        """Return the events of a frame, or why it is refused."""
        if reason := self._refusal(frame):
            return reason
        made: list[Event] = []
        jumped = CLOCK_STEP in frame.values
        if jumped and (jump := read_jump(frame.values, IN_FRAME)) is not None:
            self._jump(jump, frame.producer)
        if self._silences.watches:
            for device, silent in self._silences.heard(frame, self._memories):
                made += self._keep(device, silent)
        device = frame.device
        if device not in self._checked:
            self._checked.add(device)
            memory = self._memory(device)
            ended = end_removed_rules(self._compiled, memory, frame)
            if ended.memory is not memory:
                made += self._keep(device, ended)
        outcome = process_frame(self._compiled, self._memory(device), frame)
        if jumped:
            alone = self._owners.is_alone(frame.producer)
            outcome = outcome._replace(events=scoped(outcome.events, alone=alone))
        made += self._keep(device, outcome)
        return tuple(made)

    def take(self, record: OfferRecord) -> tuple[tuple[Event, ...], str]:
        """Return the event that an offer is, and why it is refused; one of no known type is both, as at its site."""
        came = Offer(record.offered_by, record.message, record.received_at, record.seq)
        event = admit(self._compiled, came.producer, came.candidate, came.received_at, came.arrival)
        if isinstance(event, Refusal):
            return self._passing(event.report, came) if event.report else (), event.reason
        if event.time > self._latest:
            return (), self._ahead(event.time)
        if (depth := chain_depth(came)) > self._pipeline.plan.rules.longest_chain:
            return (), f"it is the {depth}th event of a chain, and longest_chain in pipeline.yaml is less"
        return self._passing(event, came), ""

    def _passing(self, event: Event, offer: Offer) -> tuple[Event, ...]:
        if run(self._pipeline, EventContext(event, own=True, heard_at=offer.received_at, sender=offer.producer)):
            return ()
        if event.device in self._memories:
            self.touched.add(event.device)  # its rate limits
        return (event.revised(site=self._site),)

    def states(self) -> Iterator[DeviceState]:
        """Yield the newest state that is said of each device."""
        for outcome in self._to_say.values():
            yield outcome.state

    def kept(self) -> Iterator[tuple[str, KeptDevice]]:
        """Yield what is to be kept of each touched device."""
        buckets: dict[str, dict[str, Bucket]] = {}
        for (kind, source), bucket in self._pipeline.buckets.items():
            buckets.setdefault(source, {})[kind] = bucket
        for name in sorted(self.touched):
            owner, said = self._owners.owner(name) or "", self._said.get(name, (None, ""))
            yield name, KeptDevice(owner, self._memory(name), buckets.get(name, {}), *said)

    def _refusal(self, frame: Frame) -> str | None:
        if not frame.simulated and frame.time > self._latest:
            return self._ahead(frame.time)
        name, producer = frame.device, frame.producer
        if self._owners.owner(name) == producer:
            return None
        if name not in self._memories and self._count >= self._rules.max_devices:
            most = f"raw.max_devices of fleet.yaml ({self._rules.max_devices})"
            return f"{self._site} has as many devices as {most} allows, and {name} is a new one"
        ruling = self._owners.judge(name, producer, frame.time, self._memory(name).time)
        if not ruling.accepted:
            return f"{name} of {self._site} is read by {ruling.clash}: two readers need two names"
        self._count += name not in self._memories
        return None

    def _ahead(self, time: datetime) -> str:
        hours = self._rules.tolerance.total_seconds() / 3600
        return f"its time {time.isoformat()} is more than {hours:g} h ahead of the centre's clock"

    def _keep(self, device: str, outcome: Outcome) -> list[Event]:
        self._memories[device] = outcome.memory
        self.touched.add(device)
        at, words = outcome.frame.time, _words(outcome)
        said_at, said = self._said.get(device, (None, ""))
        if said_at is None or words != said or abs(at - said_at) >= STATE_EVERY:
            self._said[device], self._to_say[device] = (at, words), outcome
        return [event.revised(site=self._site) for event in outcome.events if self._passes(event)]

    def _passes(self, event: Event) -> bool:
        sender = self._owners.owner(event.device or "") or ""
        return run(self._pipeline, EventContext(event, own=True, sender=sender)) is None

    def _memory(self, device: str) -> Memory:
        return self._memories.get(device, NOTHING)

    def _jump(self, jump: Jump, producer: str) -> None:
        for device, memory in self._memories.items():
            if self._owners.owner(device) in (None, producer):
                self._memories[device] = memory.moved(jump)
                self.touched.add(device)
        self._silences.moved()
        if self._owners.is_alone(producer):
            self._pipeline.move(jump)
            self.touched |= {source for _, source in self._pipeline.buckets}


def watches(plan: PipelinePlan) -> bool:
    """Whether a frame of one device may say that another one is silent."""
    return Silences(plan.compiled).watches


def _words(outcome: Outcome) -> str:
    """Return what a state says in words; the latches that are on stand for what is active."""
    frame, memory = outcome.frame, outcome.memory
    words = (word for _, word in state_words(memory, frame))
    return "|".join(
        map(str, (frame.zone, frame.simulated, *words, *(n for n, latch in memory.latches.items() if latch.on)))
    )


def _buckets(devices: Mapping[str, KeptDevice]) -> OrderedDict[tuple[str, str], Bucket]:
    found = (((kind, name), bucket) for name, kept in devices.items() for kind, bucket in kept.buckets.items())
    return OrderedDict(sorted(found, key=lambda each: (each[1].at_us, each[0])))
