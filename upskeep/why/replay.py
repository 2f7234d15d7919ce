"""Frames once more through the suite's own cores, with every decision that matters to a question kept.

The stages are ``backtest``'s, frame by frame, so ids and times are those of the recording's first playing.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from services.alerter.application.notice_outbox import Channels
from services.alerter.core.alert_record import AlertRecord
from services.alerter.core.kinds.condition import Reading
from services.alerter.core.rules import Rule
from services.alerter.core.samples import Sample, event_sample, state_sample
from services.alerter.service import Options
from services.event_processor.core.pipeline.event_context import Dropped
from services.event_processor.core.rules.compiled import CompiledRules
from services.event_processor.core.tracing.goals import goals_of
from services.event_processor.core.tracing.missing import Missing, Tally, nearest
from services.event_processor.core.tracing.recorder import Decision, FrameTrace, Recorder
from shared.context import Context
from shared.delivery.handler import RefusedError
from shared.messages import Alert, AlertState, DeviceState, Event, Frame, Message, Sequenced
from shared.notices import Notice
from upskeep.playback.backtest import Alerts, Bench, Stages, stages_of
from upskeep.why.absent_alert import AlertTally

MOST_KEPT = 100_000  # events whose decision is kept, and transitions
FIRES = (AlertState.FIRING, AlertState.ACKNOWLEDGED)


class Look(NamedTuple):
    """An alert rule that looks at an event or its state, the key it has there, its alert if any, what it read."""

    rule: Rule
    key: str
    alert: Alert | None
    reading: Reading | None


@dataclass(slots=True)
class Made:
    """An event with its frame and the decision behind it; where it ended in the pipeline; the alerts as they stood."""

    event: Event
    trace: FrameTrace
    decision: Decision
    ended: tuple[str, Dropped] | None = None
    alerts: list[Look] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of an alert, the frame at hand, and what held its notices back at that time."""

    alert: Alert
    frame: Frame
    routes: tuple[dict[str, Any], ...] = ()


class Absent(NamedTuple):
    """What did not come, of which device (None: of any), within which time."""

    type: str
    device: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class _Outlet(Alerts):
    """The alerter's outlet, which keeps transitions and notices, and lets every receiver be notified."""

    def __init__(self, receivers: Iterable[str]) -> None:
        super().__init__()
        self._receivers = frozenset(receivers)
        self.changes: list[Alert] = []
        self.notices: list[Notice] = []

    def options(self, options: Options) -> Options:
        return replace(options, channels=Channels(mqtt=self._receivers))

    def emit(self, message: Sequenced) -> None:
        if isinstance(message, Notice):
            self.notices.append(message)

    def retain(self, message: Message) -> None:
        super().retain(message)
        if isinstance(message, Alert):
            self.changes.append(message)


class Replay:
    """The results of some frames. ``wanted`` chooses the events whose decisions are kept."""

    def __init__(
        self,
        context: Context,
        wanted: Callable[[Event], bool],
        stack: ExitStack,
        missing: Absent | None = None,
        stages: Stages | None = None,
    ) -> None:
        stages = stages or stages_of(context)
        alerting = stages.alerting
        self.rules: tuple[Rule, ...] = tuple(alerting.rules())
        self.texts = alerting.texts
        self.made: dict[str, Made] = {}
        self.transitions: list[Transition] = []
        self.devices: dict[str, None] = {}
        self._wanted = wanted
        self._missing = missing
        self._tallies: dict[str, list[Tally]] = {}
        self._heard: dict[str, Event] = {}
        self._fresh: list[Made] = []
        self._last: Frame | None = None
        self._state: DeviceState | None = None
        self._outlet = _Outlet(alerting.alerts.plan().receivers)
        recorder = Recorder(self._note)
        self._bench = Bench(
            context, self._hear, stack, recorder=recorder, alerts=self._outlet, stages=stages, counting=False
        )
        self._bench.processor.pipeline.ended = []
        self._looks: dict[tuple[str, str], tuple[AlertState, str]] = {}
        self.alert_tally: AlertTally | None = None

    @property
    def compiled(self) -> CompiledRules:
        """The rules in force."""
        return self._bench.processor.plan.compiled

    @property
    def notices(self) -> list[Notice]:
        """Every notice, in order of time."""
        return self._outlet.notices

    def process(self, frame: Frame) -> None:
        """Take the next frame."""
        self._fresh.clear()
        self._heard.clear()
        self._last = frame
        self._bench.process((frame,))
        ended = self._bench.processor.pipeline.ended or []
        ends = {event.id: (stage, dropped) for event, stage, dropped in ended}
        ended.clear()
        self._note_changes(frame)
        if self.alert_tally is not None and self._state is not None:
            seen = [event_sample(event, self.texts) for event in self._heard.values()]
            self.alert_tally.observe(frame, [*seen, state_sample(self._state)], self._records())
        for made in self._fresh:
            made.ended = ends.get(made.event.id)
            made.event = self._heard.get(made.event.id, made.event)
            made.alerts = self._alerts_of(made)

    def end(self) -> None:
        """Let time reach the last frame: what falls due by then falls due."""
        self._bench.end()
        if self._last is not None:
            self._note_changes(self._last)

    def missing(self) -> dict[str, list[Missing]]:
        """Return by device what was missing on each way to the event that was asked for, the nearest first."""
        return {device: nearest(tallies) for device, tallies in self._tallies.items()}

    def samples(self, made: Made) -> list[Sample]:
        """Return what alert rules see of an event and of its frame's state."""
        own = event_sample(made.event, self.texts)
        return [own, state_sample(made.trace.outcome.state)]

    # ---- within

    def _note(self, trace: FrameTrace) -> None:
        self.devices[trace.frame.device] = None
        self._state = trace.outcome.state
        for event in trace.outcome.events:
            if self._wanted(event) and len(self.made) < MOST_KEPT and (decision := trace.behind(event)) is not None:
                self.made[event.id] = made = Made(event, trace, decision)
                self._fresh.append(made)
        self._tally(trace)

    def _tally(self, trace: FrameTrace) -> None:
        if self._missing is None:
            return
        event, device, since, until = self._missing
        frame = trace.frame
        if device not in (None, frame.device):
            return
        if (since is not None and frame.time < since) or (until is not None and frame.time > until):
            return
        if frame.device not in self._tallies:
            self._tallies[frame.device] = [Tally(goal) for goal in goals_of(self.compiled, frame.device, event)]
        for tally in self._tallies[frame.device]:
            tally.observe(trace)

    def _records(self) -> Mapping[tuple[str, str], AlertRecord]:
        return ChainMap(*(each.records for each in self._bench.alerter.alert_sets))

    def _reading(self, alert_id: tuple[str, str]) -> Reading | None:
        return next((found for each in self._bench.alerter.alert_sets if (found := each.reading(alert_id))), None)

    def _hear(self, event: Event) -> None:
        self._heard[event.id] = event

    def _note_changes(self, frame: Frame) -> None:
        for alert in self._outlet.changes:
            place, look = (alert.rule, alert.key), (alert.state, stamp_of(alert))
            if self._looks.get(place) != look and len(self.transitions) < MOST_KEPT:
                self.transitions.append(Transition(alert, frame, self._routes(alert) if alert.state in FIRES else ()))
            self._looks[place] = look
        self._outlet.changes.clear()

    def _routes(self, alert: Alert) -> tuple[dict[str, Any], ...]:
        try:
            return tuple(self._bench.alerter.answer("route", {"labels": dict(alert.labels)})["routes"])
        except RefusedError:
            return ()

    def _alerts_of(self, made: Made) -> list[Look]:
        """Return the rules that look at an event, with the alert of its group as it stands."""
        if made.ended is not None:
            return []
        standing = {(alert.rule, alert.key): alert for alert in self._bench.alerter.snapshot()}
        found: list[Look] = []
        for sample in self.samples(made):
            for rule, key in keys_of(self.rules, sample):
                alert = standing.get((rule.name, key))
                if sample.source == "event" or (alert is not None and alert.state is not AlertState.RESOLVED):
                    found.append(Look(rule, key, alert, self._reading((rule.name, key))))
        return found


def stamp_of(alert: Alert) -> str:
    """Return what distinguishes one change of an alert from the next."""
    return f"{alert.time.isoformat()} {alert.reason}"


def keys_of(rules: Iterable[Rule], sample: Sample) -> Iterable[tuple[Rule, str]]:
    """Yield each rule that looks at a sample, with the key of the alert it is about."""
    for rule in rules:
        if rule.intake.listens(sample.source, sample.name) and rule.intake.takes(sample):
            group = rule.group(sample)
            if group is not None:
                yield rule, group[0]
