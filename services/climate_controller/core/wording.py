"""Reasons in words, with their figures."""

from __future__ import annotations

from collections.abc import Callable

from services.climate_controller.core.state import State
from services.climate_controller.core.tick import Tick
from shared.climate.decisions import Reason


def _vpd(state: State, _: Tick) -> str:
    if state.estimate is None or state.target_kpa is None:
        return ""
    return f"VPD {state.estimate.vpd:.2f} kPa, target {state.target_kpa:.2f} kPa"


def _air(_: State, tick: Tick) -> str:
    return "" if tick.air is None else f"{tick.air.celsius:.1f} °C, {tick.air.percent:.0f} %"


def _outside(state: State, tick: Tick) -> str:
    if tick.outside is None:
        return _vpd(state, tick)
    return f"{_vpd(state, tick)}, outside {tick.outside.celsius:.1f} °C, {tick.outside.percent:.0f} %"


def _pause(state: State, _: Tick) -> str:
    return "" if state.pause is None else state.pause.reason


def _delay(state: State, tick: Tick) -> str:
    return f"{_vpd(state, tick)}, delay {state.delay_s:.0f} s"


TEXTS: dict[Reason, tuple[str, Callable[[State, Tick], str]]] = {
    Reason.IN_BAND: ("nothing to do", _vpd),
    Reason.VPD_LOW: ("below the band", _vpd),
    Reason.VPD_HIGH: ("above the band", _vpd),
    Reason.EDGE_AHEAD: ("the edge of the band is near", _vpd),
    Reason.CROSSING_BAND: ("on its way across the band", _vpd),
    Reason.STOPS_AHEAD: ("stops before the edge", _delay),
    Reason.TARGET_REACHED: ("the target is reached, and the air stays", _vpd),
    Reason.TRIMMED: ("level adjusted", _vpd),
    Reason.FUTILE: ("the air outside would not help", _outside),
    Reason.NO_EFFECT: ("it had no effect", _vpd),
    Reason.OPPOSED: ("an opposed actuator runs", _vpd),
    Reason.TOO_HOT: ("above the temperature limit", _air),
    Reason.TOO_COLD: ("below the temperature limit", _air),
    Reason.TOO_HUMID: ("above the humidity limit", _air),
    Reason.TOO_DRY: ("below the humidity limit", _air),
    Reason.CONDENSING: ("dew falls on the leaf", _vpd),
    Reason.MIN_ON: ("it has not run for long enough to stop", _vpd),
    Reason.MIN_OFF: ("it has not rested for long enough to start", _vpd),
    Reason.SPACING: ("it was set only a while ago", _vpd),
    Reason.UNAVAILABLE: ("it does not answer", _vpd),
    Reason.NO_READING: ("no fresh temperature and humidity", _air),
    Reason.WARMING_UP: ("too few readings since the start", _air),
    Reason.NOT_FOR_MODE: ("the mode does not use it", _air),
    Reason.SCHEDULE: ("by its hours", _air),
    Reason.PAUSED: ("automation is paused", _pause),
    Reason.MANUAL: ("set by a person", _air),
}


def text(reason: Reason, state: State, tick: Tick) -> str:
    """Return a reason in words, with its figures."""
    words, figures = TEXTS[reason]
    found = figures(state, tick)
    return f"{words}: {found}" if found else words
