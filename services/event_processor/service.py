"""The processor's message handler: frames and candidates in; events, triggers, device states and incidents out.

Every event, from frames and offers alike, goes through ``core.pipeline.stages``. The state is in the ledger:
``device/{name}`` (a Memory), ``sampled/{name}`` (its last state sample), ``gaps`` (how many losses were reported), and
the tables of the adapters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.event_processor.adapters.analytics import Analytics
from services.event_processor.adapters.answers import Answers
from services.event_processor.adapters.device_commands import DeviceCommand
from services.event_processor.adapters.execution import Execution
from services.event_processor.adapters.incident_table import IncidentTable
from services.event_processor.adapters.incident_topics import IncidentTopics
from services.event_processor.adapters.ledger_schema import create_tables
from services.event_processor.adapters.measures import Measures, p95
from services.event_processor.adapters.offered import Offered
from services.event_processor.adapters.pipeline_tables import PipelineTables
from services.event_processor.adapters.readers import Readers
from services.event_processor.adapters.retained_values import MaintenanceWatch
from services.event_processor.adapters.state_sampler import StateSampler
from services.event_processor.adapters.suite_monitor import disk
from services.event_processor.adapters.surroundings import Host
from services.event_processor.adapters.waiting_states import WaitingStates
from services.event_processor.adapters.work_table import WorkTable
from services.event_processor.core.device.battery_replaced import forget_battery
from services.event_processor.core.device.memory import NOTHING, Memory
from services.event_processor.core.pipeline.candidates import NO_TIME
from services.event_processor.core.pipeline.event_context import Dropped, EventContext, Offer
from services.event_processor.core.pipeline.health import Vitals
from services.event_processor.core.pipeline.plan import PipelinePlan, compile_plan
from services.event_processor.core.pipeline.stages import run
from services.event_processor.core.process import Outcome, process_frame, run_steps
from services.event_processor.core.removed_rules import end_removed_rules
from services.event_processor.core.rules.compiled import CompiledRules
from services.event_processor.core.rules.replaced_battery import replaced_rules
from services.event_processor.core.rules.sections import GAP
from services.event_processor.core.silence import Silences
from services.event_processor.core.tracing.recorder import Recorder
from shared.delivery.handler import Publisher
from shared.jumps import CLOCK_STEP, IN_FRAME, Jump, read_jump
from shared.ledger import Ledger
from shared.limits import LIMIT_REACHED, LimitReports
from shared.messages import Candidate, Event, Frame, Message, Quality, Sequenced, ServiceOffer, Status, event_id
from shared.requests import Command

REFUSED = ("validate.refused", "validate.chain")


class EventProcessor:
    """Implements ``shared.delivery.handler.MessageHandler``; ``clock`` dates the arrival of candidates, aware UTC.

    Without a ``plan`` the pipeline filters, adds and routes nothing. ``stopwatch`` (seconds) gives each event's
    ``processing_ms``; without it there is none. Whoever opens the ledger need not know the tables.
    """

    def __init__(
        self,
        compiled: CompiledRules,
        ledger: Ledger,
        outlet: Publisher,
        clock: Callable[[], datetime],
        plan: PipelinePlan | None = None,
        stopwatch: Callable[[], float] | None = None,
        host: Host | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self._compiled = compiled
        self._process_frame = process_frame if recorder is None else recorder.process_frame
        self.plan = plan or compile_plan(compiled)
        self._ledger = ledger
        self._outlet = outlet
        self._clock = clock
        self._memories: dict[str, Memory] = {}
        self._touched: dict[str, Outcome] = {}
        self._checked: set[str] = set()  # devices whose memory holds nothing of removed rules
        self._sampler = StateSampler(ledger)
        self.states = WaitingStates()
        self._maintenance = MaintenanceWatch(compiled)
        self.qualities: dict[str, Quality] = {}
        self._arrivals = 0
        self._frames = 0
        self._heard_at: datetime | None = None  # when the frame under way came; None: its time is no matter of ours
        create_tables(ledger)
        self._limits = LimitReports()
        self._offered = Offered(ledger, self._limits)
        self._tables = PipelineTables(ledger)
        self.pipeline = self._tables.load(self.plan, self._offered, self._limits)
        incidents = IncidentTable(ledger, self._limits, self.plan.patterns.rules.incidents_kept)
        self._incidents = IncidentTopics(self.pipeline.correlator, incidents, outlet)
        self.work = WorkTable(ledger, self.plan.rules.queue.most) if host is None else host.work
        self.analytics = Analytics(ledger)
        self._execution = Execution(self.plan, self.work, self.analytics, outlet, clock)
        self.measures = Measures(stopwatch)
        self._answers = Answers(self.plan, incidents, self.analytics, self.pipeline)
        self.host = host
        self._silences = Silences(compiled, run_steps if recorder is None else recorder.run_steps)
        self._readers = Readers(ledger)
        if self._silences.watches:
            self._memories |= {name: self._memory(name) for name in self._known()}

    def announce(self) -> None:
        """Retain the newest incident of each pattern and key again; call once at the start of the process."""
        self._incidents.announce()

    # ---- messages

    def apply(self, message: Sequenced) -> None:
        """Take the next frame of a reader, or the next event that a service offers."""
        match message:
            case Frame():
                self._apply_frame(message)
            case ServiceOffer():
                payload = message.model_dump_json(exclude_none=True).encode()
                self.offer(message.producer, message, f"offer/{message.type}", payload)
            case _:
                raise TypeError(f"event_processor takes the streams raw and offer, not a {type(message).__name__}")

    def _apply_frame(self, message: Frame) -> None:
        self.measures.begin()
        self._heard_at = self._clock() if message.boot is not None and message.clock != "unset" else None
        if not self._readers.owns(message) and not self._is_admitted(message):
            return
        if CLOCK_STEP in message.values and (jump := read_jump(message.values, IN_FRAME)) is not None:
            self._jump(jump, message.producer)
        if self._silences.watches:
            for device, silent in self._silences.heard(message, self._memories):
                self._store_outcome(device, silent)
        self._frames += 1
        if message.device not in self._checked:
            self._end_removed_rules(message)
        outcome = self._process_frame(self._compiled, self._memory(message.device), message)
        if CLOCK_STEP in message.values:
            outcome = outcome._replace(events=self._readers.scoped(outcome.events, message.producer))
        self._store_outcome(message.device, outcome)

    def _is_admitted(self, frame: Frame) -> bool:
        """Whether the frame is accepted: its device belongs to its reader, and there is room for it."""
        ruling = self._readers.judge(frame, lambda: self._memory(frame.device).time)
        if ruling.evicted is not None:
            self._forget(ruling.evicted)
        if refusal := self._readers.refusal(frame, ruling):
            event_type, cause, data = refusal
            self.emit_known(event_type, cause, data, frame.device if ruling.clash is not None else None)
        return ruling.accepted

    def emit_known(self, event_type: str, cause: str, data: Mapping[str, Any], device: str | None = None) -> None:
        """Emit an event of a type that the site's own catalogue may lack."""
        if event_type in self._compiled.catalogue:
            self.emit_own(event_type, cause, data, device=device)

    def offer(self, producer: str, message: Message, received_on: str, payload: bytes) -> None:
        """Process a candidate event. One with an id is accepted once; a refused one goes to ``deadletter/…``."""
        if not isinstance(message, Candidate):
            self._refuse(received_on, payload, f"ingest takes candidate events, not {type(message).__name__}")
            return
        self._arrivals += 1
        self._process_offer(Offer(producer, message, self._clock(), self._arrivals), received_on, payload)

    def derive(self, handler: str, candidate: Candidate, depth: int) -> None:
        """Process an event that a handler returned for an event that ends a chain of ``depth``."""
        self._arrivals += 1
        offer = Offer(f"handler.{handler}", candidate, self._clock(), self._arrivals, depth + 1)
        self._process_offer(offer, f"handler/{handler}", candidate.model_dump_json(exclude_none=True).encode())

    def emit_own(
        self,
        event_type: str,
        cause: str,
        data: Mapping[str, Any],
        time: datetime | None = None,
        device: str | None = None,
    ) -> None:
        """Emit an event of the processor's own; its id follows from ``device`` and ``cause`` alone."""
        self.measures.begin()
        kind = self._compiled.catalogue[event_type]
        self._emit_events(
            (
                Event(
                    id=event_id(self._compiled.site, event_type, device, NO_TIME, cause),
                    type=event_type,
                    category=kind.category,
                    severity=kind.severity,
                    time=time or self._clock(),
                    site=self._compiled.site,
                    device=device,
                    data={name: value for name, value in data.items() if value is not None},
                ),
            )
        )

    def follow(self, message: Message, *, retained: bool) -> None:  # noqa: ARG002 - the port's name
        """Record a service's status, also a retained one."""
        if isinstance(message, Status) and self.host is not None:
            self.host.monitor.record_status(message)

    def lost(self, producer: str, stream: str, first: int, last: int) -> None:
        """Emit a ``system.stream.gap``. Its id follows from the lost messages and the number of losses before."""
        ordinal = int(self._ledger.get("gaps") or b"0") + 1
        self._ledger.put("gaps", str(ordinal).encode())
        data = {"producer": producer, "stream": stream, "first": first, "last": last, "count": last - first + 1}
        self.emit_own(GAP, f"{producer}|{stream}|{first}|{last}|{ordinal}", data)

    # ---- the pipeline

    def _process_offer(self, offer: Offer, received_on: str, payload: bytes) -> None:
        self.measures.begin()
        context = EventContext(UNMADE, offer, heard_at=offer.received_at, sender=offer.producer)
        ended = run(self.pipeline, context)
        if ended is None:
            self._send([context])
            return
        if ended.text:
            self._refuse(received_on, payload, ended.text)
        if ended.report is not None and self._is_new_refusal(offer):
            self._emit_events((ended.report,))

    def _is_new_refusal(self, offer: Offer) -> bool:
        identity = offer.candidate.id
        return identity is None or self._offered.is_new(offer.producer, f"?{identity}")

    def _emit_events(self, events: Sequence[Event]) -> None:
        """Process new events of this service, which nothing else refers to yet."""
        readers = self._readers.owners
        contexts = [
            EventContext(event, own=True, heard_at=self._heard_at, sender=readers.owner(event.device or "") or "")
            for event in events
        ]
        self._send([context for context in contexts if self._run_pipeline(context)])

    def _run_pipeline(self, context: EventContext) -> bool:
        ended: Dropped | None = run(self.pipeline, context)
        if ended is not None and ended.text:
            event = context.event
            self._outlet.reject(f"event/{event.type}", event.model_dump_json(exclude_none=True).encode(), ended.text)
        return ended is None

    def _send(self, contexts: Sequence[EventContext]) -> None:
        """Publish the events, then their triggers and commands, so that causes come first."""
        for context in contexts:
            self.measures.end(context.event)
            self._outlet.emit(context.event)
        for context in contexts:
            self._execution.do(context)

    def _refuse(self, received_on: str, payload: bytes, reason: str) -> None:
        self._outlet.reject(received_on, payload, reason)

    # ---- the end of a batch

    def flush(self) -> None:
        """Write the batch's changes, and publish the last states and the changed incidents retained."""
        newest = None
        with self._ledger.may_wait():  # the same frames make the same memory again
            self._ledger.put_all(
                [(f"device/{name}", self._memories[name].to_json().encode()) for name in self._touched]
            )
        for device, outcome in self._touched.items():
            self.qualities[device] = outcome.frame.quality
            if (due := self._maintenance.news(device, outcome)) is not None:
                self._outlet.retain(due)
            newest = outcome.frame.time if newest is None else max(newest, outcome.frame.time)
        for outcome in self.states.due(len(self._touched)):
            self._outlet.retain(outcome.state)
        self._touched.clear()
        self._sampler.flush()
        self._offered.flush()
        self._incidents.flush(newest)
        for excess in self._limits.drain(self._clock()):
            self.emit_known(LIMIT_REACHED, excess.cause, excess.data)
        self._tables.save(self.pipeline)
        self.analytics.flush()

    # ---- requests and commands

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return counts since the start: frames, events, and dropped events by stage and reason."""
        counts = self.pipeline.counts
        ends = {f"ended_{name}": count for name, count in counts.items() if "." in name and name not in REFUSED}
        dropped = sum(self.work.dropped.values())
        return {
            "frames": self._frames,
            "events": counts["passed"],
            "refused": sum(counts[name] for name in REFUSED),
            **ends,
            **({"late": self.pipeline.correlator.late} if self.pipeline.correlator.late else {}),
            **({"work_waiting": self.work.waiting} if self.work.waiting else {}),
            **({"work_dropped": dropped} if dropped else {}),
            **({"triggers_too_late": self._execution.late} if self._execution.late else {}),
            **({"commands_too_old": self._execution.too_old} if self._execution.too_old else {}),
        }

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer ``health``, ``pipeline``, ``incidents`` and ``analytics``; see ``adapters.answers``."""
        if name == "health" and self.host is not None:
            return self.host.monitor.health(self.vitals(self.host))
        if name == "maintenance":
            memories = ((device, self._memory(device)) for device in sorted(self._known() | self._memories.keys()))
            due = self._maintenance.all_due(memories, self._clock())
            return {"devices": [found.model_dump(mode="json", exclude_none=True) for found in due]}
        return self._answers.answer(name, data, self._clock())

    def vitals(self, host: Host) -> Vitals:
        """Return the figures for the health."""
        oldest = self.work.oldest()
        used, free = disk(self._ledger.path)
        return Vitals(
            waiting=self.work.waiting,
            oldest_s=0.0 if oldest is None else max(0.0, self._clock().timestamp() - oldest),
            handlers=host.scheduler.vitals(),
            free_bytes=free,
            ledger_bytes=used,
            lag=host.lag(),
            processing_p95_ms=p95(self.measures.times_ms),
            services=dict(sorted(host.monitor.states.items())),
            devices=dict(sorted(self.qualities.items())),
            counts={**self.pipeline.counts, **{f"queue.{name}": n for name, n in self.work.dropped.items()}},
        )

    def execute(self, command: Command) -> Mapping[str, Any]:
        """Carry out ``battery_replaced`` (begin a new battery life) or ``forget`` (remove a device)."""
        wanted = DeviceCommand.of(command, self._known() | self._memories.keys())
        if command.name == "forget":
            self._forget(wanted.device)
            return {"device": wanted.device}
        memory = self._memory(wanted.device)
        ended = replaced_rules(self._compiled, wanted.device, memory)
        self._memories[wanted.device] = forget_battery(memory, ended)
        self._put(wanted.device)
        for rule, event_type in ended.items():
            self.emit_own(event_type, f"{command.id}/{rule}", {"rule": rule, "by": command.by}, device=wanted.device)
        return {"device": wanted.device, "ended": sorted(ended)}

    # ---- devices

    def _store_outcome(self, device: str, outcome: Outcome) -> None:
        before = self._memories.get(device)
        self._memories[device] = outcome.memory
        self._touched[device] = outcome
        if outcome.events:
            self._emit_events(outcome.events)
        if (sample := self._sampler.sample(outcome)) is not None:
            self._outlet.emit(sample)
        is_new = before is None or outcome.memory.latches is not before.latches or self._sampler.spoke
        self.states.add(outcome, matters=is_new or bool(outcome.events))

    def _forget(self, device: str) -> None:
        """Remove a device with its retained messages. Its next frame makes it a new device."""
        self._readers.forget(device)
        self._silences.forget(device)
        self._sampler.forget(device)
        self._maintenance.forget(device)
        self.states.forget(device)
        self._checked.discard(device)
        for kept in (self._memories, self._touched, self.qualities):
            kept.pop(device, None)
        self._ledger.drop(f"device/{device}")
        self._outlet.clear("state", device)
        self._outlet.clear("maintenance", device)
        self._incidents.forget(device)

    def _end_removed_rules(self, frame: Frame) -> None:
        """End what removed rules began; once for each device and process, since rules change only at a start."""
        self._checked.add(frame.device)
        memory = self._memory(frame.device)  # read once: each reading from the ledger is another object
        outcome = end_removed_rules(self._compiled, memory, frame)
        if outcome.memory is not memory:
            self._store_outcome(frame.device, outcome)

    def _memory(self, device: str) -> Memory:
        memory = self._memories.get(device)
        if memory is None:
            kept = self._ledger.get(f"device/{device}")
            memory = NOTHING if kept is None else Memory.from_json(kept)
        return memory

    def _jump(self, jump: Jump, producer: str) -> None:
        """Move the memory of every device of a reader along with a jump, and past events if it is the only reader."""
        for device in self._known() | self._memories.keys():
            if self._readers.reads(producer, device):
                self._memories[device] = self._memory(device).moved(jump)
                self._put(device)
        self._silences.moved()
        if self._readers.is_alone(producer):
            self.pipeline.move(jump)
            self.analytics.move(jump)

    def _known(self) -> set[str]:
        return {key.removeprefix("device/") for key, _ in self._ledger.items("device/")}

    def _put(self, device: str) -> None:
        self._ledger.put(f"device/{device}", self._memories[device].to_json().encode())


UNMADE = Event(id="-", type="-", category="-", severity="info", time=NO_TIME, site="-")
