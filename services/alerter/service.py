"""The alerter's message handler: it applies messages to the alerts, and has people notified.

1. Events and state samples are judged by their times: the alerts are the same live at any speed, after a restart and in
   a backtest. Service statuses are judged by the clock here; such alerts have the basis ``live``.
2. Absence is judged by event time too. When no message comes any more, event time stands still; then, for absence
   alone, the idle time (``ClockWatch``) takes its place, and the alert has the same time as it would have had.
3. All changes of a batch commit with it: records, transitions, notices, commands.
4. An event or sample is judged once, so a producer that was rebuilt or died repeats nothing. Events marked ``replayed``
   in their metadata are history: they raise no alert and change nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from services.alerter.adapters import journal, migrations, notice_store, repository, seen_events
from services.alerter.adapters.journal import Journal
from services.alerter.adapters.repository import AlertRepository
from services.alerter.adapters.seen_events import SeenEvents
from services.alerter.adapters.seen_samples import SeenSamples
from services.alerter.application import commands
from services.alerter.application.emergency_stops import EmergencyStops
from services.alerter.application.notice_outbox import MQTT_NOWHERE, Channels, NoticeOutbox
from services.alerter.application.notifier import Notifier, reasons
from services.alerter.application.orders import Orders
from services.alerter.core import transitions
from services.alerter.core.actions import Cause
from services.alerter.core.alert_events import event_of
from services.alerter.core.alert_record import AlertRecord
from services.alerter.core.alert_set import AlertSet
from services.alerter.core.clock_watch import ClockWatch
from services.alerter.core.future import FutureGuard
from services.alerter.core.keys import AlertId
from services.alerter.core.notify.dispatch import NotificationPlan
from services.alerter.core.notify.routes import Receiver
from services.alerter.core.notify.suppression import SuppressionReason
from services.alerter.core.rendering import orphan_of
from services.alerter.core.rules import Rule
from services.alerter.core.samples import event_sample, service_sample, state_sample
from services.alerter.core.states import NOT_FIRING, Reason
from services.alerter.settings.notify import DEFAULT_ROUTE
from shared.delivery.handler import Publisher, RefusedError
from shared.event_text.texts import EventTexts
from shared.instants import shifted, time_to_us, us_to_time
from shared.jumps import CLOCK_JUMP, read_jump
from shared.ledger import Ledger, Schema
from shared.limits import LimitReports
from shared.messages import Alert, AlertState, Candidate, Event, Message, Sequenced, StateSample, Status
from shared.requests import Command

# The schema for the ledger that Alerter gets.
LEDGER_SCHEMA = Schema((journal.SCHEMA, seen_events.SCHEMA, repository.SCHEMA, notice_store.SCHEMA), migrations.STEPS)

_TIMELINE = {"rule", "key", "state", "time", "value", "threshold", "severity", "reason"}
_ADVANCED = "event_time_us"
CLEAN_S = 60.0
EMPTIED_KEPT_US = 3_600_000_000
PLAN = NotificationPlan(DEFAULT_ROUTE, {DEFAULT_ROUTE.receiver: Receiver(DEFAULT_ROUTE.receiver)})


@dataclass(frozen=True, slots=True)
class Options:
    """Everything besides the rules. ``by_events``: time passes only with the events, as in a backtest."""

    plan: NotificationPlan = PLAN
    channels: Channels = MQTT_NOWHERE
    stop_targets: tuple[str, ...] = ()
    resolved_for: timedelta = timedelta(days=1)
    idle_grace: timedelta = timedelta(seconds=30)
    by_events: bool = True
    texts: EventTexts = field(default_factory=dict)


class Alerter:
    """The message handler. Open its ledger with ``LEDGER_SCHEMA`` and call ``announce`` once at the start."""

    def __init__(
        self,
        rules: Iterable[Rule],
        ledger: Ledger,
        publisher: Publisher,
        options: Options = Options(),
        clock: Callable[[], datetime] = lambda: datetime.fromtimestamp(0, UTC),
        offer: Callable[[Candidate], None] | None = None,
    ) -> None:
        rules = tuple(rules)
        self._options = options
        self._clock = clock
        self._limits = LimitReports()
        self._events = AlertSet((rule for rule in rules if not rule.live), self._limits)
        self._live = AlertSet((rule for rule in rules if rule.live), self._limits)
        self.alert_sets = (self._events, self._live)
        self._ledger = ledger
        self._repository = AlertRepository(ledger)
        self._journal = Journal(ledger)
        self._seen_events = SeenEvents(ledger)
        self._seen_samples = SeenSamples(ledger)
        self._publisher = publisher
        self.outbox = NoticeOutbox(ledger, publisher, options.channels)
        self._stops = EmergencyStops(self._repository, publisher, options.stop_targets)
        self._future = FutureGuard()
        self._offer = offer
        self._orders = Orders(publisher, self._stops, self._limits)
        self._orphans: dict[AlertId, AlertRecord] = {}  # of removed rules
        advanced = ledger.get(_ADVANCED)
        self._events.now_us = self._written_us = None if advanced is None else int(advanced)
        self._recall()
        self._notifier = Notifier(options.plan, self._repository, self.outbox, self.alert_sets, self._limits)
        self._clock_watch = ClockWatch()
        self._cleaned: datetime | None = None
        self._counted = False
        self._transitions: list[Alert] = []
        self._retained: dict[AlertId, int] = {}
        self._lost: Counter[tuple[str, str]] = Counter()

    # ---- start

    def announce(self) -> None:
        """Judge the stored records by the present rules, and publish every known alert retained again."""
        for alert_set in self.alert_sets:
            for alert_id in [*alert_set.records]:
                self._handle(alert_set, alert_set.change(alert_id, transitions.rejudge))
                alert_set.touched[alert_id] = None
        for alert_id, record in self._orphans.items():
            self._orphans[alert_id], changes = transitions.resolve_orphan(alert_id, record)
            for alert in changes:
                raised = self._record(alert, raised=record.raised)
                self._orphans[alert_id] = self._orphans[alert_id]._replace(raised=raised)
            self._repository.write(alert_id, self._orphans[alert_id])
        self._retained.clear()
        for rule, key in self._repository.emptied(0):
            self._publisher.clear("alert", rule, key)
        self._stops.announce()
        self.flush()

    def _recall(self) -> None:
        for alert_id, record in self._repository.records(self._condition):
            alert_set = self._alert_set_for(alert_id)
            if alert_set is None or (rule := alert_set.rule_for(alert_id)) is None:
                self._orphans[alert_id] = record
            else:
                alert_set.put(alert_id, rule, record)

    def _alert_set_for(self, alert_id: AlertId) -> AlertSet | None:
        return next((alert_set for alert_set in self.alert_sets if alert_set.rule_for(alert_id) is not None), None)

    def _condition(self, alert_id: AlertId) -> Any:
        alert_set = self._alert_set_for(alert_id)
        return None if alert_set is None or (rule := alert_set.rule_for(alert_id)) is None else rule.condition

    # ---- messages

    def apply(self, message: Sequenced) -> None:
        """Judge an event, or a sample of a device's state, by the rules that take it."""
        if isinstance(message, Event):
            if self._admits(message.time) and message.metadata.get("replayed") is not True:
                self._clock_watch.busy = True
                self._judge(message)
        elif isinstance(message, StateSample) and self._admits(message.time):
            self._clock_watch.busy = True
            if self._seen_samples.is_new(message):
                self._send_notices_until(message.time)
                self._handle(self._events, self._events.observe(state_sample(message)))

    def _judge(self, message: Event) -> None:
        if message.type == CLOCK_JUMP and (jump := read_jump(message.data)) is not None:
            self._events.move(lambda time_us: time_to_us(jump.moved(us_to_time(time_us))))
            if self._options.by_events:
                self._notifier.shift(jump.step)
        if self._events.listens("event", message.type) and self._seen_events.is_new(message.id):
            self._counted = True
            self._send_notices_until(message.time)
            self._handle(self._events, self._events.observe(event_sample(message, self._options.texts)))

    def follow(self, message: Message, *, retained: bool = False) -> None:  # noqa: ARG002 - its time says its age
        """Judge a service's status."""
        if isinstance(message, Status):
            now_us = time_to_us(self._clock())
            self._handle(self._live, self._live.observe(service_sample(message, now_us)))

    def advance(self, event_time: datetime) -> None:
        """Decide what has fallen due before ``event_time``."""
        if not self._admits(event_time):
            return
        self._clock_watch.busy = True
        if self._options.by_events:
            for due in self._notifier.dues(event_time):
                self._handle(self._events, self._events.advance(time_to_us(due)))
                self._notifier.send_due(due)
        self._handle(self._events, self._events.advance(time_to_us(event_time)))

    def _admits(self, time: datetime) -> bool:
        """Whether a time may be judged. With ``by_events`` there is no clock to compare it with."""
        return self._options.by_events or self._future.admits(time, self._clock())

    def lost(self, producer: str, stream: str, first: int, last: int) -> None:
        """Count messages that were lost."""
        self._lost[producer, stream] += last - first + 1

    # ---- the clock

    def tick(self, now: datetime, monotonic_s: float, connected: bool) -> None:
        """Do what is due by the wall clock. With ``by_events`` it is not called."""
        step = self._clock_watch.tick(now, monotonic_s, connected)
        if step:
            step_us = step // timedelta(microseconds=1)
            self._live.move(lambda time_us: time_us + step_us)
            self._notifier.shift(step)
            self.outbox.notices.shift(step)
        idle_s = self._clock_watch.idle_s - self._options.idle_grace.total_seconds()
        if idle_s > 0 and self._events.now_us is not None:
            self._handle(self._events, self._events.assume(self._events.now_us + round(idle_s * 1e6)))
        self._handle(self._live, self._live.advance(time_to_us(now)))
        self._notifier.send_due(now)
        if self._cleaned is None or abs((now - self._cleaned).total_seconds()) >= CLEAN_S:
            self._cleaned = now
            self._clean(now)

    def rest_s(self, now: datetime) -> float:
        """How long nothing falls due by the wall clock; 0 or less where something may at any moment."""
        is_restless = self._notifier.groups or self._clock_watch.idle_s > self._options.idle_grace.total_seconds()
        return 0.0 if is_restless else (self._live.next_due_us() - time_to_us(now)) / 1e6

    def _clean(self, now: datetime) -> None:
        """Delete alerts that resolved long ago, and empty their topics."""
        before = shifted(now, -self._options.resolved_for)
        now_us, before_us = time_to_us(now), time_to_us(before)
        self._repository.emptied(now_us - EMPTIED_KEPT_US)
        for alert_set in self.alert_sets:
            for alert_id in list(alert_set.sleepers(before_us)):
                alert_set.drop(alert_id)
                self._empty(alert_id, now_us)
        lasts = ((alert_id, record.last) for alert_id, record in self._orphans.items())
        for alert_id in [alert_id for alert_id, last in lasts if last is None or last.time_us < before_us]:
            del self._orphans[alert_id]
            self._repository.drop(alert_id)
            self._empty(alert_id, now_us)
        self._stops.forget(before)
        self._notifier.forget(now)

    def _empty(self, alert_id: AlertId, now_us: int) -> None:
        if self._retained.pop(alert_id, None):
            self._publisher.clear("alert", *alert_id)
            self._repository.note_emptied(alert_id, now_us)

    # ---- transitions

    def _handle(self, alert_set: AlertSet, changes: Iterable[Alert]) -> None:
        """Record transitions, report them to the live composites, and carry out the actions of firing alerts."""
        for alert in changes:
            alert_id = (alert.rule, alert.key)
            record = alert_set.records[alert_id]
            raised = self._record(alert, raised=record.raised)
            if raised is not record.raised:
                alert_set.records[alert_id] = record._replace(raised=raised)
            now = alert.time if self._options.by_events else self._clock()
            self._send_notices_until(alert.time)
            if alert_set is self._events:
                self._live.report_to_composites([alert])
            if alert.state is AlertState.FIRING:
                self._act(alert_set.rule_at(alert_id), alert, now, stale=alert_set.records[alert_id].stale)

    def _record(self, alert: Alert, *, raised: bool = False) -> bool:
        """Record a transition, and offer it as an event unless it is old; return whether the alert is raised now."""
        self._transitions.append(alert)
        event = None if self._offer is None else event_of(alert, self._clock(), raised=raised)
        if self._offer is not None and event is not None:
            self._offer(event)
        return alert.state is not AlertState.RESOLVED and (raised or event is not None)

    def _send_notices_until(self, to: datetime) -> None:
        """Send the notices that are due before ``to``, where time passes with the events."""
        if self._options.by_events:
            for due in self._notifier.dues(to):
                self._notifier.send_due(due)

    def _act(self, rule: Rule, alert: Alert, now: datetime, *, stale: bool) -> None:
        labels = {**alert.labels, "key": alert.key}
        cause = Cause(alert.rule, alert.key, alert.time, alert.message, labels)
        if rule.notifies:
            self._notifier.add(alert, now)
        else:
            self._notifier.suppressed[SuppressionReason.NOT_WANTED] += 1
        if rule.acts:
            for stop in self._orders.execute_actions(rule.actions, cause, now, stale=stale):
                self._record(stop)

    def flush(self) -> None:
        """Write the changes, and publish the changed alerts retained."""
        with self._ledger.transaction():
            if self._counted:
                self._seen_events.forget()
                self._counted = False
            self._seen_samples.flush()
            self._publish_replaced()
            if self._offer is not None:
                for excess in self._limits.drain(self._clock()):
                    self._offer(excess.candidate("alerter"))
            for alert_set in self.alert_sets:
                self._flush(alert_set)
            for alert_id, record in self._orphans.items():
                self._retain(alert_id, orphan_of(*alert_id, record) if record.fired else None)
            if self._events.now_us is not None and self._events.now_us != self._written_us:
                self._written_us = self._events.now_us
                self._ledger.put_calmly(_ADVANCED, str(self._written_us).encode())
            if self._transitions:
                self._journal.write(self._transitions)
                self._transitions.clear()
            self._notifier.flush()

    def _publish_replaced(self) -> None:
        """Publish an alert's earlier states of this batch, so that no end is published without its beginning."""
        newest = {(alert.rule, alert.key): alert for alert in self._transitions}
        for alert in self._transitions:
            fired = alert.state is not AlertState.PENDING and alert.reason != Reason.PASSED
            if fired and newest[alert.rule, alert.key] is not alert:
                self._publisher.publish_replaced(alert)

    def _flush(self, alert_set: AlertSet) -> None:
        for alert_id in alert_set.dropped:
            self._repository.drop(alert_id)
        for alert_id in alert_set.touched:
            self._repository.write(alert_id, alert_set.records[alert_id])
            self._retain(alert_id, alert_set.alert(alert_id))
        alert_set.dropped.clear()
        alert_set.touched.clear()

    def _retain(self, alert_id: AlertId, alert: Alert | None) -> None:
        """Publish an alert retained if it changed; the topic of a pending one that did not fire is emptied."""
        if alert is None:
            self._empty(alert_id, self._events.now_us or 0)
        elif self._retained.get(alert_id) != (look := hash(alert.model_dump_json())):
            self._retained[alert_id] = look
            self._publisher.retain(alert)

    # ---- answers

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return counts of rules, alerts by state, notices, alerts held back, stops, and losses since the start."""
        records = [record for alert_set in self.alert_sets for record in alert_set.records.values()]
        states = Counter(record.state for record in records)
        return {
            "rules": sum(len(alert_set.rules) for alert_set in self.alert_sets),
            "alerts_firing": states[AlertState.FIRING],
            "alerts_pending": states[AlertState.PENDING],
            "alerts_acknowledged": states[AlertState.ACKNOWLEDGED],
            "stops": self._stops.standing,
            "notices": self._notifier.notices,
            "messages_lost": self._lost.total(),
            "from_the_future": self._future.refused,
            "samples_without_group": sum(alert_set.ungrouped for alert_set in self.alert_sets),
            **{f"withheld_{reason}": number for reason, number in sorted(self._orders.withheld.items())},
            **reasons(self._notifier.suppressed),
        }

    def snapshot(self) -> list[Alert]:
        """Return every alert that has fired or is pending, with its present figures, by rule and key."""
        found = [
            alert
            for alert_set in self.alert_sets
            for alert_id in alert_set.records
            if (alert := alert_set.alert(alert_id))
        ]
        found += [orphan_of(*alert_id, record) for alert_id, record in self._orphans.items() if record.fired]
        return sorted([*found, *self._stops.all.values()], key=lambda alert: (alert.rule, alert.key))

    def timeline(self) -> list[dict[str, Any]]:
        """Return the recorded transitions in order of time, as rows for JSON; at most the newest 10,000."""
        return [alert.model_dump(mode="json", include=_TIMELINE) for alert in self._journal.read()]

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a request of ``commands``; raises RefusedError for any other."""
        return commands.answer(self, self._notifier, self.outbox.notices, name, data, self._clock())

    def execute(self, command: Command) -> Mapping[str, Any]:
        """Carry out a command of ``commands``; raises RefusedError."""
        return commands.execute(self, self._notifier, self.outbox, command, self._clock())

    def acknowledge(self, alert_id: AlertId, by: str, comment: str | None, now: datetime) -> Alert:
        """Acknowledge an alert; raises RefusedError if it does not fire."""
        alert_set = next((alert_set for alert_set in self.alert_sets if alert_id in alert_set.records), None)
        state = None if alert_set is None else alert_set.records[alert_id].state
        if alert_set is None or state is not AlertState.FIRING:
            why = "is not there" if state is None else NOT_FIRING[state]
            raise RefusedError(f"{'/'.join(alert_id)} {why}; `upskeep alerts` lists those that fire")
        at_us = max(time_to_us(now), alert_set.records[alert_id].since_us)
        changes = alert_set.change(alert_id, partial(transitions.acknowledge, at_us=at_us, by=by, comment=comment))
        self._handle(alert_set, changes)
        return changes[-1]

    def lift(self, zone: str, by: str, why: str, now: datetime) -> Alert:
        """Lift an emergency stop; raises RefusedError if there is none."""
        lifted = self._stops.lift(zone, by, why, now)
        self._record(lifted)
        return lifted
