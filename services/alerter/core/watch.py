"""When an alert begins to wait, fires and resolves: pure functions of (rule, memory, sample or time).

1. An alert fires at the time of the sample that makes its condition hold, or where it has to hold for a while, at the
   end of that while. It resolves at the time the condition is over. Both follow from the samples' times alone and not
   from when anybody looks.
2. What falls due exactly at t is decided once time is past t: until then another sample of t may come.
3. So for samples in order of time the transitions are the same however they are batched and whenever ``advance`` is
   called in between.
4. A late sample is put in its place and decided upon at the time already reached.
"""

from __future__ import annotations

from dataclasses import replace

from services.alerter.core.kinds.composite import Composite
from services.alerter.core.kinds.condition import Span
from services.alerter.core.kinds.counts import Count
from services.alerter.core.life import Reason, next_state
from services.alerter.core.memory import FIRES, Memory, Told
from services.alerter.core.rules import Rule
from services.alerter.core.samples import Sample
from services.alerter.core.telling import alert_of, orphan_of, tell
from shared.messages import Alert, AlertState

Decision = tuple[Memory, tuple[Alert, ...]]


def begin(rule: Rule, labels: dict[str, str], now_us: int | None = None) -> Memory:
    """Return the memory of an alert of which nothing is known yet."""
    return Memory(rule.condition.begin(), tuple(sorted({**labels, **rule.labels}.items())), now_us)


def observe(rule: Rule, key: str, memory: Memory, sample: Sample) -> Decision:
    """A sample was seen; return the new memory and the transitions."""
    memory, before = advance(rule, key, memory, sample.time_us)
    now_us = sample.time_us if memory.now_us is None else max(memory.now_us, sample.time_us)
    evidence = rule.condition.fold(memory.evidence, sample, now_us)
    if evidence is memory.evidence and memory.now_us == now_us:
        return memory, before
    memory = replace(memory, evidence=evidence, now_us=now_us)
    if memory.alight and isinstance(rule.condition, Count) and not _is_held(rule, memory, now_us):
        return memory, before  # one more never ends a count: what has left the window may be made up for at this time
    memory, after = _judge(rule, key, memory, now_us)
    return memory, before + after


def advance(rule: Rule, key: str, memory: Memory, to_us: int) -> Decision:
    """Time has reached ``to_us`` and all before it is known; a time already passed changes nothing."""
    if memory.now_us is not None and to_us <= memory.now_us:
        return memory, ()
    transitions: tuple[Alert, ...] = ()
    while (due_us := due(rule, memory)) is not None and due_us < to_us:
        memory, more = _judge(rule, key, replace(memory, now_us=due_us), due_us)
        transitions += more
        if not more and due(rule, memory) == due_us:
            break
    left = rule.condition.pruned(memory.evidence, to_us)
    return replace(memory, now_us=to_us, evidence=rule.condition.begin() if left is None else left), transitions


def due(rule: Rule, memory: Memory) -> int | None:
    """Return when something may change though nothing is seen; None: never."""
    span = rule.condition.span(memory.evidence)
    match memory.state:
        case AlertState.RESOLVED:
            return None if span is None or not _ahead(span, memory.now_us) else _later(span.from_us, memory.now_us)
        case AlertState.PENDING:
            over_us = None if span is None else span.until_us
            return _earliest(memory.since_us + rule.hold_us, over_us)
        case _ if memory.quiet_us is not None:
            return memory.quiet_us + rule.keep_us
        case _:
            return memory.now_us if span is None else span.until_us


def idle(rule: Rule, memory: Memory, now_us: int) -> bool:
    """Whether nothing of the memory matters any more, but for what was told."""
    return memory.state is AlertState.RESOLVED and rule.condition.pruned(memory.evidence, now_us) is None


def acknowledge(rule: Rule, key: str, memory: Memory, at_us: int, by: str, comment: str | None) -> Decision:
    """A person has seen it: it goes on being what it is, and is not told of again and again."""
    if memory.state is not AlertState.FIRING:
        return memory, ()
    return _change(rule, key, replace(memory, seen_by=by, comment=comment), Reason.ACKNOWLEDGED, at_us)


def adopt(rule: Rule, key: str, memory: Memory) -> Decision:
    """Judge a memory under a rule whose limits may have changed since it was written."""
    now_us = memory.now_us
    if now_us is None:
        return memory, ()
    span = rule.condition.span(memory.evidence)
    holds = span is not None and span.holds(now_us)
    if holds and memory.state is AlertState.RESOLVED and not rule.hold and rule.condition.begins is Reason.OVER_LIMIT:
        return _change(rule, key, memory, Reason.LIMIT_LOWERED, now_us)
    over = span is None or span.from_us > now_us or (span.until_us is not None and span.until_us < now_us)
    if over and memory.alight and memory.quiet_us is None and not isinstance(rule.condition, Composite):
        return _change(rule, key, memory, Reason.LIMIT_RAISED, now_us)
    return _judge(rule, key, memory, now_us) if memory.state is AlertState.PENDING and over else (memory, ())


def retire(place: tuple[str, str], memory: Memory) -> Decision:
    """The rule is no longer in the settings: resolve its alert, as it last was."""
    state = next_state(memory.state, Reason.RULE_REMOVED)
    if memory.told is None or state is memory.state:
        return memory, ()
    told = replace(
        memory.told,
        time_us=max(memory.now_us or memory.since_us, memory.told.time_us),
        reason=Reason.RULE_REMOVED,
        message=f"{place[1]}: no longer judged: the rule {place[0]} was removed",
    )
    memory = replace(memory, state=state, told=told, quiet_us=None, seen_by=None, comment=None)
    return memory, (orphan_of(*place, memory),)


def _judge(rule: Rule, key: str, memory: Memory, at_us: int) -> Decision:
    """Decide at ``at_us``, by the evidence there is."""
    span = rule.condition.span(memory.evidence)
    if span is not None and span.holds(at_us):
        return _holds(rule, key, memory, at_us)
    return _over(rule, key, memory, at_us, span)


def _holds(rule: Rule, key: str, memory: Memory, at_us: int) -> Decision:
    memory = memory if memory.quiet_us is None else replace(memory, quiet_us=None)
    before: tuple[Alert, ...] = ()
    if memory.state is AlertState.RESOLVED:
        reason = Reason.BEGAN if rule.hold_us else rule.condition.begins
        memory, before = _change(rule, key, replace(memory, since_us=at_us), reason, at_us)
    if memory.state is AlertState.PENDING and at_us >= memory.since_us + rule.hold_us:
        memory, after = _change(rule, key, memory, Reason.HELD, at_us)
        return memory, before + after
    return memory, before


def _over(rule: Rule, key: str, memory: Memory, at_us: int, span: Span | None) -> Decision:
    if memory.state is AlertState.PENDING:
        return _change(rule, key, memory, Reason.PASSED, at_us)
    if not memory.alight:
        return memory, ()
    quiet_us = at_us if memory.quiet_us is None else memory.quiet_us
    if at_us < quiet_us + rule.keep_us:
        return replace(memory, quiet_us=quiet_us), ()
    given_up = rule.condition.ends is Reason.SEEN_AGAIN and span is not None and span.until_us == at_us - rule.keep_us
    return _change(rule, key, memory, Reason.GIVEN_UP if given_up else rule.condition.ends, at_us)


def _change(rule: Rule, key: str, memory: Memory, reason: Reason, at_us: int) -> Decision:
    state = next_state(memory.state, reason)
    if state is memory.state:
        return memory, ()
    reading = rule.condition.reading(memory.evidence, at_us, key)
    words, window_s = tell(rule, reason, reading), rule.condition.window_s
    told = Told(at_us, reading.value, reading.threshold, reason, words, rule.severity, window_s)
    fired = state is AlertState.FIRING
    afresh = fired and memory.state is AlertState.RESOLVED
    memory = replace(
        memory,
        state=state,
        since_us=at_us if afresh else memory.since_us,
        quiet_us=None,
        told=told,
        fires_us=(*memory.fires_us, at_us)[-FIRES:] if fired else memory.fires_us,
        seen_by=memory.seen_by if state is AlertState.ACKNOWLEDGED else None,
        comment=memory.comment if state is AlertState.ACKNOWLEDGED else None,
    )
    return memory, (alert_of(rule, key, memory),)


def _is_held(rule: Rule, memory: Memory, at_us: int) -> bool:
    span = rule.condition.span(memory.evidence)
    return span is not None and span.holds(at_us)


def _ahead(span: Span, now_us: int | None) -> bool:
    return span.until_us is None or now_us is None or now_us < span.until_us


def _later(from_us: int, now_us: int | None) -> int:
    return from_us if now_us is None else max(from_us, now_us)


def _earliest(first: int, second: int | None) -> int:
    return first if second is None else min(first, second)
