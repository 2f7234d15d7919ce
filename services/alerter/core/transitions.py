"""When an alert becomes pending, fires and resolves: pure functions of (rule, record, sample or time).

1. An alert fires at the time of the sample that makes its condition hold, or ``hold`` later. It resolves at the time
   the condition is over, or ``keep`` later. Both follow from the samples' times alone, not from when they are judged.
2. What falls due exactly at t is decided once time is past t: until then another sample of t may come.
3. So for samples in order of time the transitions are the same however they are batched and whenever ``advance`` is
   called in between.
4. A late sample is folded into the evidence, and judged at the time already reached.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.alerter.core.alert_record import FIRES, AlertRecord, LastTransition
from services.alerter.core.kinds.composite import Composite
from services.alerter.core.kinds.condition import Span
from services.alerter.core.kinds.counts import Count
from services.alerter.core.rendering import alert_of, message_for, orphan_of
from services.alerter.core.rules import Rule
from services.alerter.core.samples import Sample
from services.alerter.core.states import Reason, next_state
from shared.messages import Alert, AlertState

Decision = tuple[AlertRecord, tuple[Alert, ...]]
NONE: tuple[Alert, ...] = ()
RESOLVED, PENDING = AlertState.RESOLVED, AlertState.PENDING  # Python 3.11 looks a member up slowly


def begin(rule: Rule, labels: dict[str, str], now_us: int | None = None) -> AlertRecord:
    """Return the record of an alert before its first sample."""
    return AlertRecord(rule.condition.begin(), tuple(sorted({**labels, **rule.labels}.items())), now_us)


def observe(rule: Rule, key: str, record: AlertRecord, sample: Sample) -> Decision:
    """Apply a sample; return the new record and the transitions."""
    time_us, known, before = sample.time_us, record.evidence, NONE
    if record.now_us is None or time_us > record.now_us:
        record, before = _decide_due(rule, key, record, time_us)
        known, now_us = _left(rule, record, time_us), time_us
    else:
        now_us = record.now_us
    evidence = rule.condition.fold(known, sample, now_us)
    if evidence is known:
        return (record if record.now_us == now_us else record._replace(evidence=known, now_us=now_us)), before
    event_text = (sample.text() if sample.text is not None else None) or record.event_text
    record = record._replace(evidence=evidence, now_us=now_us, event_text=event_text)
    if record.is_firing and isinstance(rule.condition, Count) and not _is_held(rule, record, now_us):
        return record, before  # one more never ends a count: another event of this time may still come
    record, after = _judge(rule, key, record, now_us)
    return record, before + after


def advance(rule: Rule, key: str, record: AlertRecord, to_us: int) -> Decision:
    """Move time on to ``to_us``: everything before it has been observed. An earlier time changes nothing."""
    if record.now_us is not None and to_us <= record.now_us:
        return record, NONE
    record, transitions = _decide_due(rule, key, record, to_us)
    return record._replace(now_us=to_us, evidence=_left(rule, record, to_us)), transitions


def _decide_due(rule: Rule, key: str, record: AlertRecord, to_us: int) -> Decision:
    """Decide what falls due before ``to_us``."""
    transitions = NONE
    while (due_us := due(rule, record)) is not None and due_us < to_us:
        record, more = _judge(rule, key, record._replace(now_us=due_us), due_us)
        transitions += more
        if not more and due(rule, record) == due_us:
            break
    return record, transitions


def _left(rule: Rule, record: AlertRecord, to_us: int) -> Any:
    """Return the evidence that still counts at ``to_us``."""
    left = rule.condition.pruned(record.evidence, to_us)
    return rule.condition.begin() if left is None else left


def passes_by(rule: Rule, sample: Sample, now_us: int | None) -> bool:
    """Whether a sample leaves no evidence behind for an alert without a record; true of most samples."""
    condition = rule.condition
    at_us = sample.time_us if now_us is None else max(now_us, sample.time_us)
    nothing = condition.begin()
    evidence = condition.fold(nothing, sample, at_us)
    return evidence is nothing or (condition.pruned(evidence, at_us) is None and condition.span(evidence) is None)


def due(rule: Rule, record: AlertRecord) -> int | None:
    """Return when the alert may change without a further sample; None: never."""
    span = rule.condition.span(record.evidence)
    if record.state is RESOLVED:
        return None if span is None or not _ahead(span, record.now_us) else _later(span.from_us, record.now_us)
    if record.state is PENDING:
        return _earliest(record.since_us + rule.hold_us, None if span is None else span.until_us)
    if record.quiet_us is not None:
        return record.quiet_us + rule.keep_us
    return record.now_us if span is None else span.until_us


def idle(rule: Rule, record: AlertRecord, now_us: int) -> bool:
    """Whether the alert has resolved and all its evidence has expired."""
    return record.state is RESOLVED and rule.condition.pruned(record.evidence, now_us) is None


def acknowledge(rule: Rule, key: str, record: AlertRecord, at_us: int, by: str, comment: str | None) -> Decision:
    """Acknowledge a firing alert, so that its notice is not repeated; any other stays as it is."""
    if record.state is not AlertState.FIRING:
        return record, ()
    return _change(rule, key, record._replace(seen_by=by, comment=comment), Reason.ACKNOWLEDGED, at_us)


def rejudge(rule: Rule, key: str, record: AlertRecord) -> Decision:
    """Judge a record under a rule whose limits may have changed since it was written."""
    now_us = record.now_us
    if now_us is None:
        return record, ()
    span = rule.condition.span(record.evidence)
    holds = span is not None and span.holds(now_us)
    if holds and record.state is RESOLVED and not rule.hold and rule.condition.begins is Reason.OVER_LIMIT:
        return _change(rule, key, record, Reason.LIMIT_LOWERED, now_us)
    over = span is None or span.from_us > now_us or (span.until_us is not None and span.until_us < now_us)
    if over and record.is_firing and record.quiet_us is None and not isinstance(rule.condition, Composite):
        return _change(rule, key, record, Reason.LIMIT_RAISED, now_us)
    return _judge(rule, key, record, now_us) if record.state is PENDING and over else (record, ())


def resolve_orphan(alert_id: tuple[str, str], record: AlertRecord) -> Decision:
    """Resolve an alert whose rule was removed from the settings, with its last figures."""
    state = next_state(record.state, Reason.RULE_REMOVED)
    if record.last is None or state is record.state:
        return record, ()
    last = replace(
        record.last,
        time_us=max(record.now_us or record.since_us, record.last.time_us),
        reason=Reason.RULE_REMOVED,
        message=f"{alert_id[1]}: no longer judged: the rule {alert_id[0]} was removed",
    )
    record = record._replace(state=state, last=last, quiet_us=None, seen_by=None, comment=None)
    return record, (orphan_of(*alert_id, record),)


def _judge(rule: Rule, key: str, record: AlertRecord, at_us: int) -> Decision:
    """Judge the present evidence at ``at_us``."""
    span = rule.condition.span(record.evidence)
    if span is not None and span.holds(at_us):
        return _holds(rule, key, record, at_us)
    return _over(rule, key, record, at_us, span)


def _holds(rule: Rule, key: str, record: AlertRecord, at_us: int) -> Decision:
    record = record if record.quiet_us is None else record._replace(quiet_us=None)
    before: tuple[Alert, ...] = ()
    if record.state is RESOLVED:
        reason = Reason.BEGAN if rule.hold_us else rule.condition.begins
        record, before = _change(rule, key, record._replace(since_us=at_us), reason, at_us)
    if record.state is PENDING and at_us >= record.since_us + rule.hold_us:
        record, after = _change(rule, key, record, Reason.HELD, at_us)
        return record, before + after
    return record, before


def _over(rule: Rule, key: str, record: AlertRecord, at_us: int, span: Span | None) -> Decision:
    if record.state is PENDING:
        return _change(rule, key, record, Reason.PASSED, at_us)
    if not record.is_firing:
        return record, ()
    quiet_us = at_us if record.quiet_us is None else record.quiet_us
    if at_us < quiet_us + rule.keep_us:
        return record._replace(quiet_us=quiet_us), ()
    given_up = rule.condition.ends is Reason.SEEN_AGAIN and span is not None and span.until_us == at_us - rule.keep_us
    return _change(rule, key, record, Reason.GIVEN_UP if given_up else rule.condition.ends, at_us)


def _change(rule: Rule, key: str, record: AlertRecord, reason: Reason, at_us: int) -> Decision:
    state = next_state(record.state, reason)
    if state is record.state:
        return record, ()
    reading = rule.condition.reading(record.evidence, at_us, key)
    words, window_s = message_for(rule, reason, reading), rule.condition.window_s
    last = LastTransition(at_us, reading.value, reading.threshold, reason, words, rule.severity, window_s)
    fired = state is AlertState.FIRING
    afresh = fired and record.state is RESOLVED
    record = record._replace(
        state=state,
        since_us=at_us if afresh else record.since_us,
        quiet_us=None,
        last=last,
        fires_us=(*record.fires_us, at_us)[-FIRES:] if fired else record.fires_us,
        seen_by=record.seen_by if state is AlertState.ACKNOWLEDGED else None,
        comment=record.comment if state is AlertState.ACKNOWLEDGED else None,
    )
    return record, (alert_of(rule, key, record),)


def _is_held(rule: Rule, record: AlertRecord, at_us: int) -> bool:
    span = rule.condition.span(record.evidence)
    return span is not None and span.holds(at_us)


def _ahead(span: Span, now_us: int | None) -> bool:
    return span.until_us is None or now_us is None or now_us < span.until_us


def _later(from_us: int, now_us: int | None) -> int:
    return from_us if now_us is None else max(from_us, now_us)


def _earliest(first: int, second: int | None) -> int:
    return first if second is None else min(first, second)
