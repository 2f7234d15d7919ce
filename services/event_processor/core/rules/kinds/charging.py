"""Charge sessions.

Rules:
1. ``charging`` is the verdict of the device's first evidence, debounced.
2. A session begins (STARTED) when charging is confirmed, unless one is under way or the battery still counts as
   charged. A charger that pauses and resumes stays in its session.
3. It ends in COMPLETED, with mains power throughout, either because charging stopped for ``stopped_for_s`` at a full
   battery (by its gauge or its voltage), or because at full voltage the current stayed under ``taper_c_rate`` ×
   capacity for ``taper_for_s``.
4. It ends without an event when the device goes on battery, or when charging has paused for ``session_ends_after_s``.
5. After COMPLETED the battery counts as charged (topping up starts no session) until a discharge, or until it falls
   below ``rearm_v`` per cell.
"""

from __future__ import annotations

from typing import Any

from services.event_processor.core.channels.frame_context import FrameContext, round_channel, since
from services.event_processor.core.device.keys import CHARGED, CHARGING, ON_BATTERY, SESSION, TAPER
from services.event_processor.core.device.latch import OFF, Latch
from services.event_processor.core.rules.kinds.power import on_mains
from services.event_processor.core.rules.sections import Charging

STOPPED = "charger_stopped"


def find_charging(context: FrameContext, name: str, rule: Charging) -> None:
    """Emit STARTED and COMPLETED, once for each session."""
    before = context.latches.get(CHARGING, OFF)
    status = _status(context, rule, before)
    latches = context.latches
    if latches.get(ON_BATTERY, OFF).on:
        context.drop_latches(SESSION, CHARGED, TAPER)
        return
    if not status.on and SESSION not in latches and CHARGED not in latches:
        return
    if latches.get(CHARGED, OFF).on:
        _rearm(context)
    session = context.latches.get(SESSION, OFF)
    if session.on:
        _complete(context, name, rule, status, session)
    elif status.on and not context.latches.get(CHARGED, OFF).on:
        context.set_latch(SESSION, Latch(True, status.began))
        first = None if before.on or before.began else True
        context.emit(rule.started, name, {**_data(context), "since": since(status), "first_seen": first})


def _status(context: FrameContext, rule: Charging, before: Latch) -> Latch:
    target, evidence = context.first_evidence(rule.evidence, before.raw if before is not OFF else None)
    if target is None or evidence is None:
        return before
    if not target and before.began is None and not before.on:
        context.set_latch(CHARGING, Latch(False, context.now))
        return context.latches[CHARGING]
    if target == before.on and before.pending is None:
        return before
    return context.update_latch(CHARGING, target, evidence.for_s, evidence.for_s)


def _rearm(context: FrameContext) -> None:
    cell_v = context.number("cell_voltage")
    if cell_v is not None and cell_v < context.device.chemistry.rearm_v:
        context.drop_latches(CHARGED)


def _complete(context: FrameContext, name: str, rule: Charging, status: Latch, session: Latch) -> None:
    by = _stopped_full(context, rule, status) or _tapered(context, rule)
    if by is not None:
        ended = context.latches.get(CHARGED) if by == STOPPED else None  # charging ended before its dwell
        data = {**_data(context), "since": since(session), "lasted_s": context.lasted_s(session, ended), "because": by}
        context.drop_latches(SESSION, TAPER)
        context.set_latch(CHARGED, Latch(True, context.now))
        context.emit(rule.completed, name, data)
    elif not context.update_latch(SESSION, status.on, 0, rule.session_ends_after_s).on:
        context.drop_latches(SESSION, CHARGED, TAPER)


def _stopped_full(context: FrameContext, rule: Charging, status: Latch) -> str | None:
    full = _is_full(context, rule)
    if full is None:
        return None
    target = full and not status.on and on_mains(context)
    return STOPPED if context.update_latch(CHARGED, target, rule.stopped_for_s, 0).on else None


def _is_full(context: FrameContext, rule: Charging) -> bool | None:
    percent = context.number("state_of_charge")
    at_voltage = _at_full_voltage(context, rule)
    if percent is None and at_voltage is None:
        return None
    return bool(at_voltage) or (percent is not None and percent >= rule.full_at_percent)


def _at_full_voltage(context: FrameContext, rule: Charging) -> bool | None:
    cell_v = context.number("cell_voltage")
    return None if cell_v is None else cell_v >= context.device.chemistry.full_v - rule.full_within_v


def _tapered(context: FrameContext, rule: Charging) -> str | None:
    current, capacity, at_voltage = (
        context.number("battery_current"),
        context.device.capacity_mah,
        _at_full_voltage(context, rule),
    )
    if current is None or capacity is None or at_voltage is None:
        return None
    target = at_voltage and abs(current) < rule.taper_c_rate * capacity / 1000 and on_mains(context)
    return "current_tapered" if context.update_latch(TAPER, target, rule.taper_for_s, 0).on else None


def _data(context: FrameContext) -> dict[str, Any]:
    cell_v = context.number("cell_voltage")
    return {
        "cell_voltage": None if cell_v is None else round_channel("cell_voltage", cell_v),
        "battery_current": context.rounded("battery_current"),
        "state_of_charge": context.rounded("state_of_charge"),
    }
