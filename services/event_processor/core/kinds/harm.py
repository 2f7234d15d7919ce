"""What harms a cell: above and below the limits of its chemistry, whatever the battery is doing."""

from __future__ import annotations

from services.event_processor.core.facts import CellLevel, OverLevel
from services.event_processor.core.latch import OFF
from services.event_processor.core.look import Look, rounded, since
from services.event_processor.core.rules import Harm

OVER, UNDER = "cell_over", "cell_under"


def find_harm(look: Look, name: str, rule: Harm) -> None:
    """OVERVOLTAGE and UNDERVOLTAGE, per cell, each with its end."""
    cell_v = look.number("cell_voltage")
    if cell_v is None:
        return
    over, under = look.device.chemistry.over, look.device.chemistry.under
    if over is not None:
        on = look.latches.get(OVER, OFF).on
        wish = cell_v >= over.clear_v if on else cell_v > over.enter_v
        _turn(look, OVER, wish, over, cell_v, (f"{name}/over", rule.over, rule.over_cleared))
    if under is not None:
        on = look.latches.get(UNDER, OFF).on
        wish = cell_v <= under.clear_v if on else cell_v < under.enter_v
        _turn(look, UNDER, wish, under, cell_v, (f"{name}/under", rule.under, rule.under_cleared))


def _turn(
    look: Look, name: str, wish: bool, level: CellLevel | OverLevel, cell_v: float, events: tuple[str, str, str | None]
) -> None:
    old = look.latches.get(name, OFF)
    if wish == old.on and old.pending is None:
        return
    new = look.settle(name, wish, level.enter_for_s, level.clear_for_s)
    cause, entered, left = events
    event = entered if new.on else left
    if new.on == old.on or event is None:
        return
    told = {
        "cell_voltage": rounded("cell_voltage", cell_v),
        "threshold": level.enter_v if new.on else level.clear_v,
        "cells": look.device.cells,
        "chemistry": look.device.chemistry_name,
        "battery_voltage": look.said("battery_voltage"),
        "since": since(new),
        "lasted_s": None if new.on else look.lasted_s(old),
    }
    look.tell(event, cause, told)
