"""The battery episode: two levels, low and critical, and one recovery at its end.

Rules:
0. A device that reports a low battery itself is judged by that: ``battery_flag``.
1. An episode begins with LOW and ends with RECOVERED, when the low level clears. No second LOW before that.
2. CRITICAL is a second event of the same episode. It clears without an event, before low can. A battery that has
   cleared it and falls again is critical again, and counted again.
3. A fall straight to critical gives LOW and then CRITICAL in the same frame.
4. While the gate is shut no level is entered; an entered one still clears, by voltage alone.
5. Where ``resistance_mohm`` and the current are known, a cell's voltage is corrected for the sag under load (and the
   rise under charge) before it is judged; the event then reports both voltages.
"""

from __future__ import annotations

import math
from typing import Any

from services.event_processor.core.channels.frame_context import FrameContext, reports_low_battery, round_channel, since
from services.event_processor.core.device.facts import CellLevel
from services.event_processor.core.device.keys import CRITICAL, LOW, ON_BATTERY
from services.event_processor.core.device.latch import OFF, Latch
from services.event_processor.core.rules.kinds.battery_flag import find_by_flag
from services.event_processor.core.rules.sections import Battery


def find_battery(context: FrameContext, name: str, rule: Battery) -> None:
    """Emit LOW, CRITICAL and RECOVERED, by the voltage per cell and the levels of the device's chemistry."""
    if reports_low_battery(context):
        find_by_flag(context, name, rule)
        return
    reported_v = context.number("cell_voltage")
    if reported_v is None:
        return
    cell_v = reported_v + sag_v(context) if context.device.resistance_mohm else reported_v
    levels = context.device.chemistry
    low, critical = context.latches.get(LOW), context.latches.get(CRITICAL, OFF)
    if low is None:
        low = OFF
        context.set_latch(LOW, low)  # from now on the battery is known to be well
    if cell_v >= levels.low.enter_v and low.idle and critical.idle:
        return
    may_enter = context.gate_open(rule.only_while)
    now_critical = _step(context, CRITICAL, levels.critical, cell_v, may_enter, levels.critical.clear_for_s)
    hold = math.inf if now_critical.on else levels.low.clear_for_s
    now_low = _step(context, LOW, levels.low, cell_v, may_enter, hold)
    if now_critical.on and not now_low.on:
        now_low = Latch(True, now_low.pending or now_critical.began)
        context.set_latch(LOW, now_low)
    if now_low.on != low.on:
        context.set_end(LOW, rule.recovered if now_low.on else None)
    if now_low.on and not low.on:
        context.emit(rule.low, name, _data(context, reported_v, cell_v, levels.low.enter_v, now_low))
    if now_critical.on and not critical.on:
        context.emit(rule.critical, name, _data(context, reported_v, cell_v, levels.critical.enter_v, now_critical))
    if low.on and not now_low.on:
        data = _data(context, reported_v, cell_v, levels.low.clear_v, now_low)
        context.emit(rule.recovered, name, {**data, "episode_s": context.lasted_s(low, now_low)})


def _step(
    context: FrameContext, name: str, level: CellLevel, cell_v: float, may_enter: bool, clear_for_s: float
) -> Latch:
    on = context.latches.get(name, OFF).on
    target = cell_v <= level.clear_v if on else cell_v < level.enter_v and may_enter
    return context.update_latch(name, target, level.enter_for_s, clear_for_s)


def sag_v(context: FrameContext) -> float:
    """Return how far one cell's terminal voltage lies below its voltage without load, V; 0 where unknown."""
    mohm = context.device.resistance_mohm
    if not mohm:
        return 0.0
    amps = context.number("battery_current")
    if amps is None:
        watts, volts = context.number("output_power"), context.number("battery_voltage")
        amps = -watts / volts if watts and volts and context.latches.get(ON_BATTERY, OFF).on else 0.0
    return -amps * mohm / 1000


def _data(context: FrameContext, cell_v: float, judged_v: float, threshold_v: float, latch: Latch) -> dict[str, Any]:
    return {
        "cell_voltage": round_channel("cell_voltage", cell_v),
        "judged_voltage": round_channel("cell_voltage", judged_v) if judged_v != cell_v else None,
        "threshold": threshold_v,
        "cells": context.device.cells,
        "chemistry": context.device.chemistry_name,
        "battery_voltage": context.rounded("battery_voltage"),
        "state_of_charge": context.rounded("state_of_charge"),
        "runtime_left_s": context.rounded("runtime_left_s"),
        "since": since(latch),
    }
