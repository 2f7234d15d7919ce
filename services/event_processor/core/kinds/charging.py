"""Charge sessions.

Rules:
1. ``charging`` is what the device's first evidence says, debounced.
2. A session begins (STARTED) when charging is confirmed, unless one is under way or the battery still counts
   as charged. A charger that pauses and goes on stays in its session.
3. It ends in COMPLETED, with the mains there throughout, either because charging stopped for
   ``stopped_for_s`` at a full battery (its gauge or its voltage says so), or because at full voltage the
   current stayed under ``taper_c_rate`` × capacity for ``taper_for_s``.
4. It ends in silence when the device goes on battery, or when charging has paused for ``session_ends_after_s``.
5. After COMPLETED the battery counts as charged (topping up starts nothing) until a discharge, or until it
   sinks below ``rearm_v`` per cell.
"""

from __future__ import annotations

from typing import Any

from services.event_processor.core.kinds.power import ON_BATTERY, on_mains
from services.event_processor.core.latch import OFF, Latch
from services.event_processor.core.look import Look, rounded, since
from services.event_processor.core.rules import Charging

CHARGING = "charging"
SESSION = "charging_session"
CHARGED = "charged"
TAPER = "charging_taper"


def find_charging(look: Look, name: str, rule: Charging) -> None:
    """STARTED and COMPLETED, once a session each."""
    before = look.latches.get(CHARGING, OFF)
    status = _status(look, rule, before)
    if look.latches.get(ON_BATTERY, OFF).on:
        look.drop(SESSION, CHARGED, TAPER)
        return
    if look.latches.get(CHARGED, OFF).on:
        _rearm(look)
    session = look.latches.get(SESSION, OFF)
    if session.on:
        _complete(look, name, rule, status, session)
    elif status.on and not look.latches.get(CHARGED, OFF).on:
        look.put(SESSION, Latch(True, status.began))
        first = None if before.on or before.began else True
        look.tell(rule.started, name, {**_told(look), "since": since(status), "first_seen": first})


def _status(look: Look, rule: Charging, before: Latch) -> Latch:
    wish, evidence = look.consider(rule.evidence, before.raw if before is not OFF else None)
    if wish is None or evidence is None:
        return before
    if not wish and before.began is None and not before.on:
        look.put(CHARGING, Latch(False, look.now))
        return look.latches[CHARGING]
    if wish == before.on and before.pending is None:
        return before
    return look.settle(CHARGING, wish, evidence.for_s, evidence.for_s)


def _rearm(look: Look) -> None:
    cell_v = look.number("cell_voltage")
    if cell_v is not None and cell_v < look.device.chemistry.rearm_v:
        look.drop(CHARGED)


def _complete(look: Look, name: str, rule: Charging, status: Latch, session: Latch) -> None:
    by = _stopped_full(look, rule, status) or _tapered(look, rule)
    if by is not None:
        look.drop(SESSION, TAPER)
        look.put(CHARGED, Latch(True, look.now))
        told = {**_told(look), "since": since(session), "lasted_s": look.lasted_s(session), "because": by}
        look.tell(rule.completed, name, told)
    elif not look.settle(SESSION, status.on, 0, rule.session_ends_after_s).on:
        look.drop(SESSION, CHARGED, TAPER)


def _stopped_full(look: Look, rule: Charging, status: Latch) -> str | None:
    full = _is_full(look, rule)
    if full is None:
        return None
    wish = full and not status.on and on_mains(look)
    return "charger_stopped" if look.settle(CHARGED, wish, rule.stopped_for_s, 0).on else None


def _is_full(look: Look, rule: Charging) -> bool | None:
    percent = look.number("state_of_charge")
    at_voltage = _at_full_voltage(look, rule)
    if percent is None and at_voltage is None:
        return None
    return bool(at_voltage) or (percent is not None and percent >= rule.full_at_percent)


def _at_full_voltage(look: Look, rule: Charging) -> bool | None:
    cell_v = look.number("cell_voltage")
    return None if cell_v is None else cell_v >= look.device.chemistry.full_v - rule.full_within_v


def _tapered(look: Look, rule: Charging) -> str | None:
    current, capacity, at_voltage = (
        look.number("battery_current"),
        look.device.capacity_mah,
        _at_full_voltage(look, rule),
    )
    if current is None or capacity is None or at_voltage is None:
        return None
    wish = at_voltage and abs(current) < rule.taper_c_rate * capacity / 1000 and on_mains(look)
    return "current_tapered" if look.settle(TAPER, wish, rule.taper_for_s, 0).on else None


def _told(look: Look) -> dict[str, Any]:
    cell_v = look.number("cell_voltage")
    return {
        "cell_voltage": None if cell_v is None else rounded("cell_voltage", cell_v),
        "battery_current": look.said("battery_current"),
        "state_of_charge": look.said("state_of_charge"),
    }
