"""When an alert fires and when it resolves: pure functions of (rule, memory, event time).

1. An alert fires at the time of the event that makes the count greater than the threshold.
2. It resolves at the time the count is no longer greater, which follows from event times alone and not from
   when anybody looks. An alert that ends exactly at t is resolved once event time is past t: until then another
   event at t may come, and with it the count at t would not have sunk.
3. So for events in order of time the transitions are the same however they are batched and whenever
   ``advance`` is called in between.
4. A late event is put in its place and decided upon at the time already reached; one that is older than the
   window changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from services.alerter.core.life import Reason, next_state
from services.alerter.core.memory import Memory
from services.alerter.core.rules import Rule
from services.alerter.core.window import Window, count, end_of_excess, fold_in, fold_out
from services.alerter.core.wording import describe
from shared.instants import time_to_us, us_to_time
from shared.messages import Alert, AlertState

Decision = tuple[Memory, tuple[Alert, ...]]


def observe(rule: Rule, memory: Memory, time: datetime) -> Decision:
    """An event of the rule's type happened at ``time``; return the new memory and the transitions."""
    time_us = time_to_us(time)
    memory, resolved = _advance(rule, memory, time_us)
    now_us = time_us if memory.now_us is None else memory.now_us
    if time_us <= now_us - rule.window_us:
        return memory, resolved
    memory = replace(memory, window=fold_in(memory.window, time_us, rule.remembered))
    if count(memory.window, now_us, rule.window_us).number <= rule.threshold:
        return memory, resolved
    memory, fired = _change(rule, memory, Reason.OVER_LIMIT, now_us)
    return memory, resolved + fired


def advance(rule: Rule, memory: Memory, event_time: datetime) -> Decision:
    """Event time has reached ``event_time`` and all before it is known; a time already passed changes nothing."""
    return _advance(rule, memory, time_to_us(event_time))


def adopt(rule: Rule, memory: Memory) -> Decision:
    """Judge a memory under a rule whose threshold may have changed since it was written."""
    if memory.now_us is None:
        return memory, ()
    if count(memory.window, memory.now_us, rule.window_us).number > rule.threshold:
        return _change(rule, memory, Reason.LIMIT_LOWERED, memory.now_us)
    ends_us = end_of_excess(memory.window, rule.threshold, rule.window_us)
    if ends_us is None or ends_us < memory.now_us:
        return _change(rule, memory, Reason.LIMIT_RAISED, memory.now_us)
    return memory, ()


def retire(memory: Memory) -> Decision:
    """The rule is no longer in the settings: resolve its alert, as it last was, and forget its events."""
    resolved: tuple[Alert, ...] = ()
    if memory.alert is not None and memory.now_us is not None:
        last = memory.alert
        rule = Rule(last.rule, last.key, timedelta(seconds=last.window_s), int(last.threshold), last.severity)
        memory, resolved = _change(rule, memory, Reason.RULE_REMOVED, memory.now_us)
    return replace(memory, window=Window()), resolved


def present(rule: Rule, memory: Memory) -> Alert | None:
    """Return the alert as it stands, None if it never fired; while firing its value is the count by now."""
    alert = memory.alert
    if alert is None or memory.now_us is None or alert.state is AlertState.RESOLVED:
        return alert
    counted = count(memory.window, memory.now_us, rule.window_us)
    changed = {
        "value": float(counted.number),
        "threshold": float(rule.threshold),
        "severity": rule.severity,
        "message": describe(rule, Reason(alert.reason), counted),
    }
    return alert.model_copy(update=changed)


def _advance(rule: Rule, memory: Memory, time_us: int) -> Decision:
    if memory.now_us is not None and time_us <= memory.now_us:
        return memory, ()
    ends_us = end_of_excess(memory.window, rule.threshold, rule.window_us)
    resolved: tuple[Alert, ...] = ()
    if ends_us is not None and ends_us < time_us:
        memory, resolved = _change(rule, memory, Reason.WITHIN_LIMIT, ends_us)
    return replace(memory, now_us=time_us, window=fold_out(memory.window, time_us - rule.window_us)), resolved


def _change(rule: Rule, memory: Memory, reason: Reason, at_us: int) -> Decision:
    state = next_state(memory.state, reason)
    if state is memory.state:
        return memory, ()
    counted = count(memory.window, at_us, rule.window_us)
    at = us_to_time(at_us)
    alert = Alert(
        rule=rule.name,
        key=rule.key,
        state=state,
        severity=rule.severity,
        since=at if memory.alert is None or state is AlertState.FIRING else memory.alert.since,
        time=at,
        value=float(counted.number),
        threshold=float(rule.threshold),
        window_s=rule.window.total_seconds(),
        reason=reason.value,
        message=describe(rule, reason, counted),
    )
    return replace(memory, alert=alert), (alert,)
