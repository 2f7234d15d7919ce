"""Cells above or below the limits of their chemistry, whatever the battery is doing."""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import FrameContext, round_channel, since
from services.event_processor.core.device.facts import CellLevel, OverLevel
from services.event_processor.core.device.keys import OVER, UNDER
from services.event_processor.core.device.latch import OFF
from services.event_processor.core.rules.sections import CellLimits

CAUSE = "harm"  # part of the ids of its events since the first version


def find_cell_limits(context: FrameContext, _: str, rule: CellLimits) -> None:
    """Emit OVERVOLTAGE and UNDERVOLTAGE, per cell, each with its end."""
    cell_v = context.number("cell_voltage")
    if cell_v is None:
        return
    chemistry, latches = context.device.chemistry, context.latches
    over, under = chemistry.over, chemistry.under
    if over is not None and (OVER in latches or cell_v > over.enter_v):
        on = latches.get(OVER, OFF).on
        target = cell_v >= over.clear_v if on else cell_v > over.enter_v
        _turn(context, OVER, target, over, cell_v, (f"{CAUSE}/over", rule.over, rule.over_cleared))
    if under is not None and (UNDER in latches or cell_v < under.enter_v):
        on = latches.get(UNDER, OFF).on
        target = cell_v <= under.clear_v if on else cell_v < under.enter_v
        _turn(context, UNDER, target, under, cell_v, (f"{CAUSE}/under", rule.under, rule.under_cleared))


def _turn(
    context: FrameContext,
    name: str,
    target: bool,
    level: CellLevel | OverLevel,
    cell_v: float,
    events: tuple[str, str, str | None],
) -> None:
    old = context.latches.get(name, OFF)
    if target == old.on and old.pending is None:
        return
    new = context.update_latch(name, target, level.enter_for_s, level.clear_for_s)
    cause, entered, left = events
    event = entered if new.on else left
    if new.on == old.on:
        return
    context.set_end(name, left if new.on else None)
    if event is None:
        return
    data = {
        "cell_voltage": round_channel("cell_voltage", cell_v),
        "threshold": level.enter_v if new.on else level.clear_v,
        "cells": context.device.cells,
        "chemistry": context.device.chemistry_name,
        "battery_voltage": context.rounded("battery_voltage"),
        "since": since(new),
        "lasted_s": None if new.on else context.lasted_s(old, new),
    }
    context.emit(event, cause, data)
