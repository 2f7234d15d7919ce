"""Conditions: evidence of several channels together."""

from __future__ import annotations

from typing import Any

from services.event_processor.core.channels.evidence import Evidence
from services.event_processor.core.channels.frame_context import FrameContext, round_channel, since
from services.event_processor.core.device.latch import OFF
from services.event_processor.core.rules.detections import Condition, Latched


def find_condition(context: FrameContext, name: str, rule: Condition) -> None:
    """Emit the rule's event when the condition has lasted, its clearing event when it is over; unknown holds it."""
    old = context.latches.get(name, OFF)
    target = _holds(context, rule, old.raw)
    if target is None or (target == old.on and old.pending is None):
        return
    if target and not old.on and not context.gate_open(rule.only_while):
        target = False
    turn_latch(context, name, rule, target, {e.channel: _shown(context, e.channel) for e in rule.evidence()})


def turn_latch(context: FrameContext, name: str, rule: Latched, target: bool, data: dict[str, Any]) -> None:
    """Move the latch; if it turns, emit the rule's event or its clearing one with ``data``."""
    old = context.latches.get(name, OFF)
    if target == old.on and old.pending is None:
        return
    new = context.update_latch(name, target, rule.enter_for_s, rule.clear_for_s)
    if new.on == old.on:
        return
    event = rule.event if new.on else rule.cleared
    context.set_end(name, rule.cleared if new.on else None)
    if event is not None:
        spell = {"since": since(new), "lasted_s": None if new.on else context.lasted_s(old, new)}
        context.emit(event, name, {"rule": name.partition("/")[0], **data, **spell})


def _holds(context: FrameContext, rule: Condition, was: bool) -> bool | None:
    """Return whether the condition holds; None where the missing evidence would decide."""
    unknown = False
    for evidence in rule.all:
        channel = evidence.channel
        value = context.values.get(channel)
        if value is None:
            value = context.number(channel)
        word = None if value is None else evidence.judge(value, was)
        if word is False:
            return False
        unknown = unknown or word is None
    if rule.any:
        one = _one(context, rule.any, was)
        if one is False:
            return False
        unknown = unknown or one is None
    return None if unknown else True


def _one(context: FrameContext, chain: tuple[Evidence, ...], was: bool) -> bool | None:
    """Return whether one piece of evidence holds; channels that the device has never shown are ignored."""
    words: list[bool | None] = []
    for evidence in chain:
        value = context.value(evidence.channel)
        if value is not None:
            context.mark_seen(evidence.channel)
            words.append(evidence.judge(value, was))
        elif evidence.channel in context.seen:
            words.append(None)
    return True if True in words else None if None in words or not words else False


def _shown(context: FrameContext, channel: str) -> float | str | None:
    value = context.value(channel)
    return value if value is None or isinstance(value, bool | str) else round_channel(channel, value)
