"""Thresholds and limits: a channel beyond a level, with hysteresis and dwell."""

from __future__ import annotations

from typing import Any

from services.event_processor.core.channels.frame_context import FrameContext, is_mains_ups, round_channel, since
from services.event_processor.core.device.latch import OFF, Latch
from services.event_processor.core.rules.detections import Level, Limit, Threshold
from services.event_processor.core.rules.kinds.reading import sensor_id
from services.event_processor.core.rules.sections import CLEARED, EXCEEDED


def find_threshold(context: FrameContext, name: str, rule: Threshold) -> None:
    """Emit the rule's own event when the level is passed, and its clearing event, if it has one."""
    value, whole = context.number(rule.channel), 1.0
    if rule.of is not None:
        whole = context.number(rule.of) or 0.0
        value = None if whole <= 0 else value
    if name not in context.latches and (value is None or not rule.enters(value / whole)):
        return
    if not rule.boards_only or not is_mains_ups(context):
        emit_threshold(context, name, rule, value, whole=whole)


def emit_threshold(
    context: FrameContext, name: str, rule: Threshold, value: float | None, per: str = "", whole: float = 1.0
) -> None:
    """Judge ``value`` by the rule, whose levels are shares of ``whole``, and emit its events; None holds the latch."""
    turn = _turn(context, name, rule, None if value is None else value / whole)
    if turn is None or value is None:
        return
    event = rule.event if turn[1].on else rule.cleared
    if event is not None:
        context.emit(event, name, {"channel": rule.channel, **_data(context, rule, value, *turn, per, whole)})


def find_limit(context: FrameContext, name: str, rule: Limit) -> None:
    """Emit ``sensor.threshold.exceeded`` and ``sensor.threshold.cleared``."""
    value = context.number(rule.channel)
    if name not in context.latches and (value is None or not rule.enters(value)):
        return
    turn = _turn(context, name, rule, value)
    if turn is None or value is None:
        return
    data = {
        "sensor_id": sensor_id(context, rule.channel),
        **_data(context, rule, value, *turn),
        "severity": rule.severity.value,
    }
    if turn[1].on:
        context.emit(EXCEEDED, name, data, rule.severity)
    else:
        context.emit(CLEARED, name, data)


def _turn(context: FrameContext, name: str, rule: Level, value: float | None) -> tuple[Latch, Latch] | None:
    """Move the rule's latch; return it before and after if it turned, else None."""
    if value is None:
        return None
    old = context.latches.get(name, OFF)
    target = rule.target(value, old.on)
    if target == old.on and old.pending is None:
        return None
    if target and not old.on and not context.gate_open(rule.only_while):
        target = False
    new = context.update_latch(name, target, rule.enter_for_s, rule.clear_for_s)
    if new.on == old.on:
        return None
    context.set_end(name, getattr(rule, "cleared", CLEARED) if new.on else None)
    return old, new


def _data(
    context: FrameContext, rule: Level, value: float, old: Latch, new: Latch, per: str = "", whole: float = 1.0
) -> dict[str, Any]:
    unit = context.unit(rule.channel)
    level = rule.enter if new.on else rule.clear
    return {
        "value": round_channel(rule.channel, value),
        "unit": f"{unit}{per}" if unit else None,
        "threshold": level if whole == 1.0 else round_channel(rule.channel, level * whole),
        "direction": rule.direction,
        "since": since(new),
        "lasted_s": None if new.on else context.lasted_s(old, new),
    }
