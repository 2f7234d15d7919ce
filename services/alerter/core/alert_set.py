"""All alerts of a set of rules: which of them a sample changes, and which the passing of time changes.

1. A sample reaches the rules that listen to its name, and of each rule the one alert whose key it has. Passing time
   reaches only alerts for which something falls due. So neither costs more for ten thousand alerts than for ten.
2. What falls due is decided in the order of time, whatever the order of the rules.
3. What fires or ends is reported to the composites it is a member of, and judged there once time has passed it.
4. A rule has ``most_keys`` keys at most, and ``KeyShares`` decides whose. Beyond that, a rule that only notifies puts
   samples under the key ``others``, so that nothing is lost from sight. A rule that orders something ignores them, so
   that samples of many devices never act on one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from heapq import heapify, heappop, heappush

from services.alerter.core import transitions
from services.alerter.core.alert_record import AlertRecord, move
from services.alerter.core.key_shares import KeyShares
from services.alerter.core.keys import AlertId, key_of
from services.alerter.core.kinds.condition import Reading
from services.alerter.core.limits import RULE_KEYS
from services.alerter.core.rendering import current_alert
from services.alerter.core.rules import Rule
from services.alerter.core.samples import Sample, Source
from services.alerter.core.states import Reason
from shared.instants import time_to_us
from shared.limits import LimitReports
from shared.messages import Alert, AlertState

LISTENERS_KEPT = 5_000
OTHERS = "others"
OLD_US = 900_000_000  # a sample that comes so late is counted, and orders nothing
Decide = Callable[[Rule, str, AlertRecord], transitions.Decision]
_FIRES = {AlertState.FIRING: True, AlertState.RESOLVED: False}
NEVER_US = 2**62


class AlertSet:
    """The records by alert id. ``touched`` and ``dropped`` collect what changed since the caller last emptied them."""

    def __init__(
        self, rules: Iterable[Rule], limits: LimitReports | None = None, most_keys: int = RULE_KEYS.most
    ) -> None:
        self.rules = tuple(rules)
        self._limits = LimitReports() if limits is None else limits
        self.shares = KeyShares(most_keys)
        self.records: dict[AlertId, AlertRecord] = {}
        self.touched: dict[AlertId, None] = {}
        self.dropped: dict[AlertId, None] = {}
        self.turned: dict[AlertId, None] = {}  # began or ceased to fire since the caller last emptied it
        self.now_us: int | None = None
        self.ungrouped = 0  # samples that lack a label by which a rule that orders something groups
        self._rule_of: dict[AlertId, Rule] = {}
        self._listeners: dict[tuple[Source, str], tuple[tuple[Rule, int], ...]] = {}
        self._due: list[tuple[int, bool, AlertId]] = []  # a heap: when, whether a composite, which alert
        self._composites = [rule for rule in self.rules if rule.composite is not None]
        self._ahead: dict[AlertId, None] = {}  # composites whose members have reported something
        self._expected = False

    # ---- the records

    def rule_for(self, alert_id: AlertId) -> Rule | None:
        """Return the rule that judges an alert; None if the settings no longer have it."""
        name, key = alert_id
        owners = [rule for rule in self.rules if rule.name == name and rule.owns(key)]
        return max(owners, key=lambda rule: len(rule.only or ""), default=None)  # a type may begin with another's name

    def put(self, alert_id: AlertId, rule: Rule, record: AlertRecord) -> None:
        """Put a record in, as when the ledger is read."""
        self._rule_of[alert_id] = rule
        before = self.records.get(alert_id)
        if before is None:
            self.shares.add(rule.name, record.sender)
        if (before is None or before.state is not record.state) and _fires(before) is not record.is_firing:
            self.turned[alert_id] = None
        self.records[alert_id] = record
        self._schedule(alert_id, rule, record)
        if rule.composite is not None and record.evidence.ahead:
            self._ahead[alert_id] = None

    def drop(self, alert_id: AlertId) -> None:
        """Remove an alert's record, if there is one."""
        if (gone := self.records.pop(alert_id, None)) is not None:
            if gone.is_firing:
                self.turned[alert_id] = None
            self.shares.add(alert_id[0], gone.sender, -1)
            self._rule_of.pop(alert_id, None)
            self._ahead.pop(alert_id, None)
            self.touched.pop(alert_id, None)
            self.dropped[alert_id] = None

    def listens(self, source: Source, name: str) -> bool:
        """Whether any rule takes samples of that name."""
        return bool(self._listeners_to(source, name))

    def alert(self, alert_id: AlertId) -> Alert | None:
        """Return an alert as it stands now; None if it has never fired and is not pending."""
        record = self.records[alert_id]
        return current_alert(self._rule_of[alert_id], alert_id[1], record, record.now_us)

    def reading(self, alert_id: AlertId) -> Reading | None:
        """Return what an alert's condition reads now, firing or not; None without a record."""
        record = self.records.get(alert_id)
        if record is None:
            return None
        return self._rule_of[alert_id].condition.reading(record.evidence, self._now(record), alert_id[1])

    def reached_us(self, alert_id: AlertId) -> int:
        """Return the time that an alert has been judged up to."""
        return self._now(self.records[alert_id])

    def rule_at(self, alert_id: AlertId) -> Rule:
        """Return the rule of an alert that has a record; raises KeyError without one."""
        return self._rule_of[alert_id]

    # ---- samples and time

    def observe(self, sample: Sample) -> list[Alert]:
        """Apply a sample; return the transitions."""
        if not self._expected:
            self._expect(sample.time_us)
        changes: list[Alert] = []
        groups: dict[int, tuple[str, list[object]] | None] = {}
        for rule, alike in self._listeners_to(sample.source, sample.name):
            if rule.intake.takes(sample):
                if alike not in groups:
                    groups[alike] = rule.group(sample)
                if (group := groups[alike]) is None:
                    self.ungrouped += 1
                else:
                    changes += self._observe(rule, *group, sample)
        return changes

    def advance(self, to_us: int) -> list[Alert]:
        """Move time on to ``to_us``; return the transitions that fell due, in order of time. Never goes back."""
        if self.now_us is not None and to_us <= self.now_us:
            return []
        if not self._expected:
            self._expect(to_us)
        changes = self._run(to_us)
        while waiting := [alert_id for alert_id in self._ahead if self._is_due(alert_id, to_us)]:
            for alert_id in sorted(waiting):
                changes += self._catch_up(alert_id, to_us)
            changes += self._run(to_us)
        self.now_us = to_us
        return sorted(changes, key=lambda alert: (alert.time, alert.rule, alert.key)) if len(changes) > 1 else changes

    def next_due_us(self) -> int:
        """Return when the next alert falls due, if nothing comes before; ``NEVER_US`` where none does."""
        while self._due and self._is_stale(*self._due[0]):
            heappop(self._due)
        return self._due[0][0] if self._due else NEVER_US

    def _is_stale(self, due_us: int, is_composite: bool, alert_id: AlertId) -> bool:
        record, rule = self.records.get(alert_id), self._rule_of.get(alert_id)
        if record is None or rule is None:
            return True
        return not is_composite and _wakes_us(rule, record) != due_us

    def assume(self, to_us: int) -> list[Alert]:
        """Return the absences by ``to_us`` if no more samples come. Only ``Absence`` conditions are judged."""
        changes: list[Alert] = []
        for alert_id, record in list(self.records.items()):
            rule = self._rule_of[alert_id]
            due_us = transitions.due(rule, record) if rule.condition.begins is Reason.ABSENT else None
            if due_us is not None and due_us < to_us:
                changes += self.change(alert_id, partial(_advanced, to_us=due_us + 1))
        return changes

    def report_to_composites(self, changes: Iterable[Alert]) -> None:
        """Report transitions of another set's alerts to the composites of this one."""
        self._report(changes)

    def change(
        self, alert_id: AlertId, decide: Callable[[Rule, str, AlertRecord], transitions.Decision]
    ) -> list[Alert]:
        """Let ``decide`` change one record; return the transitions."""
        rule = self._rule_of[alert_id]
        record, changes = decide(rule, alert_id[1], self.records[alert_id])
        if record is not self.records[alert_id]:
            self._keep(alert_id, rule, record)
        self._report(changes)
        return list(changes)

    def move(self, mover: Callable[[int], int]) -> None:
        """Move every time along with a jump of the clock, so that ages stay the same."""
        for alert_id, record in self.records.items():
            self.records[alert_id] = move(record, self._rule_of[alert_id].condition, mover)
            self.touched[alert_id] = None
        if self.now_us is not None:
            self.now_us = mover(self.now_us)
        self._reschedule()

    def sleepers(self, before_us: int) -> Iterator[AlertId]:
        """Yield the resolved alerts whose evidence has expired and whose last transition is before ``before_us``."""
        for alert_id, record in self.records.items():
            last_us = record.last.time_us if record.last is not None else None
            if (last_us is None or last_us < before_us) and transitions.idle(
                self._rule_of[alert_id], record, self._now(record)
            ):
                yield alert_id

    # ---- internals

    def _now(self, record: AlertRecord) -> int:
        if record.now_us is None or self.now_us is None:
            return record.now_us or self.now_us or 0
        return max(record.now_us, self.now_us)

    def _listeners_to(self, source: Source, name: str) -> tuple[tuple[Rule, int], ...]:
        """Return the rules that take samples of that name, each with a number: those that group alike have the same."""
        found = self._listeners.get((source, name))
        if found is None:
            if len(self._listeners) > LISTENERS_KEPT:
                self._listeners.clear()
            alike: dict[object, int] = {}
            rules = [rule for rule in self.rules if rule.intake.listens(source, name)]
            found = tuple((rule, alike.setdefault((rule.by, rule.acts), len(alike))) for rule in rules)
            self._listeners[source, name] = found
        return found

    def _observe(self, rule: Rule, key: str, values: list[object], sample: Sample) -> tuple[Alert, ...]:
        alert_id = (rule.name, key)
        record = self.records.get(alert_id)
        if record is None:
            full = not self.shares.has_room(rule.name, sample.sender)
            if not full and rule.composite is None and transitions.passes_by(rule, sample, self.now_us):
                return ()
            if full:
                sender = sample.sender or str(sample.field("device") or sample.name)
                self._limits.note(RULE_KEYS, sender, of=rule.name, most=self.shares.most)
            if full and rule.acts:
                self.ungrouped += 1  # what many devices did together is no reason to act on any of them
                return ()
            if full:
                key = OTHERS if rule.only is None else f"{rule.only}.{OTHERS}"
                alert_id = (rule.name, key)
            labels, sender = ({}, "") if full else (rule.labelled(values, sample), sample.sender)
            record = self.records.get(alert_id) or transitions.begin(rule, labels, self.now_us)._replace(sender=sender)
        elif self.now_us is not None and (record.now_us is None or record.now_us < self.now_us):
            record, _ = transitions.advance(rule, key, record, self.now_us)  # nothing was due: it was run already
        stale = self.now_us is not None and sample.time_us < self.now_us - OLD_US
        record = record if record.stale is stale else record._replace(stale=stale)
        changed, changes = transitions.observe(rule, key, record, sample)
        if changed is not record or alert_id not in self.records:
            self._keep(alert_id, rule, changed)
        if changes:
            self._report(changes)
        return changes

    def _keep(self, alert_id: AlertId, rule: Rule, record: AlertRecord) -> None:
        if (
            record.state is transitions.RESOLVED
            and record.last is None
            and transitions.idle(rule, record, self._now(record))
        ):
            self.drop(alert_id)
            return
        self.touched[alert_id] = None
        self.dropped.pop(alert_id, None)
        self.put(alert_id, rule, record)

    def _schedule(self, alert_id: AlertId, rule: Rule, record: AlertRecord) -> None:
        wakes_us = _wakes_us(rule, record)
        if wakes_us is not None:
            heappush(self._due, (wakes_us, rule.composite is not None, alert_id))
            if len(self._due) > 64 + 4 * len(self.records):
                self._reschedule()

    def _reschedule(self) -> None:
        self._due = [
            (wakes_us, rule.composite is not None, alert_id)
            for alert_id, rule in self._rule_of.items()
            if (wakes_us := _wakes_us(rule, self.records[alert_id])) is not None
        ]
        heapify(self._due)

    def _run(self, to_us: int) -> list[Alert]:
        changes: list[Alert] = []
        while self._due and self._due[0][0] < to_us:
            due_us, _, alert_id = heappop(self._due)
            if alert_id in self._ahead:  # reports of members from the time before come first
                changes += self._catch_up(alert_id, due_us + 1)
            record, rule = self.records.get(alert_id), self._rule_of.get(alert_id)
            if record is None or rule is None:
                continue
            changed, further = transitions.advance(rule, alert_id[1], record, due_us + 1)
            if changed is not record:
                if further or changed.evidence != record.evidence or changed.quiet_us != record.quiet_us:
                    self._keep(alert_id, rule, changed)
                else:
                    self.put(alert_id, rule, changed)
            self._report(further)
            changes += further
        return changes

    def _report(self, changes: Iterable[Alert]) -> None:
        for alert in changes if self._composites else ():
            fires = _FIRES.get(alert.state)
            for rule in self._composites:
                if fires is None or rule.composite is None or alert.rule not in rule.composite.rules:
                    continue
                fields = {**alert.labels, "key": alert.key, "fires": fires}
                sample = Sample("alert", alert.rule, time_to_us(alert.time), fields)
                if (group := rule.group(sample)) is None:
                    self.ungrouped += 1
                    continue
                key, values = group
                alert_id = (rule.name, key)
                labels = rule.labelled(values, sample)
                record = self.records.get(alert_id) or transitions.begin(rule, labels, self.now_us)
                evidence = rule.composite.await_(record.evidence, sample)
                self._ahead[alert_id] = None
                self._keep(alert_id, rule, record._replace(evidence=evidence))

    def _is_due(self, alert_id: AlertId, to_us: int) -> bool:
        return any(report[0] < to_us for report in self.records[alert_id].evidence.ahead[:1])  # in order

    def _catch_up(self, alert_id: AlertId, to_us: int) -> list[Alert]:
        """Judge a composite by its members' reports from before ``to_us``."""
        rule, changes = self._rule_of[alert_id], list[Alert]()
        record = self.records[alert_id]
        passed = record.evidence.ahead[: bisect_left(record.evidence.ahead, (to_us,))]
        left = record.evidence.ahead[len(passed) :]
        for time_us, name, key, fires in passed:
            sample = Sample("alert", name, time_us, {"key": key, "fires": fires})
            record, further = transitions.observe(rule, alert_id[1], record, sample)
            changes += further
        record = record._replace(evidence=record.evidence._replace(ahead=left))
        if not left:
            del self._ahead[alert_id]
        self._keep(alert_id, rule, record)
        return changes

    def _expect(self, from_us: int) -> None:
        """Begin to wait for every expected group, from the first known time on."""
        self._expected = True
        for rule in self.rules:
            for group in rule.expects:
                key = key_of(group)
                if (rule.name, key) not in self.records:
                    self._observe(rule, key, list(group), Sample("event", "", from_us, {}))


def _advanced(rule: Rule, key: str, record: AlertRecord, to_us: int) -> transitions.Decision:
    return transitions.advance(rule, key, record, to_us)


def _fires(record: AlertRecord | None) -> bool:
    return record is not None and record.is_firing


def _wakes_us(rule: Rule, record: AlertRecord) -> int | None:
    """Return when an alert next changes by itself: a transition, its published count, or the end of its evidence."""
    due_us = transitions.due(rule, record)
    if not rule.window_us:
        return due_us
    oldest_us: tuple[int, ...] = getattr(record.evidence, "times_us", ())[:1]
    if oldest_us and (record.is_firing or record.last is None):
        leaves_us = oldest_us[0] + rule.window_us
        if record.now_us is None or leaves_us >= record.now_us:
            return leaves_us if due_us is None else min(due_us, leaves_us)
    if due_us is not None or record.last is not None or record.now_us is None or rule.composite is not None:
        return due_us
    return record.now_us + rule.window_us
