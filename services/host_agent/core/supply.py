"""What is known of one power supply, and how it is heard: a pure function of (rules, supply, state, now).

Rules:
1. ``now_s`` is monotonic, seconds since the machine's boot. The wall clock may step as it likes.
2. A state is evidence if it is news (its own time is not the one heard last), it is not ``stale`` or ``bad``, it
   tells mains from battery, and at least one value of the battery is in it where it is ``suspect``.
   What is no evidence changes nothing that is known: the supply grows silent.
3. A retained copy tells what was, not what is. It is news only if it is later than what was heard live in this
   boot; it counts for as old as it is by the supply's own times.
4. A spell on battery begins with the first evidence and ends when the mains have stood for ``mains_back_s``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.host_agent.core.rules import Rules
from shared.messages import DeviceState, Quality

BATTERY_FIGURES = ("battery_voltage", "cell_voltage", "state_of_charge")
RUNTIME = "runtime_left_s"
ESTIMATED_RUNTIME = "estimated_runtime_low_s"  # the lower bound: where there is one, it decides


class Supply(BaseModel):
    """One supply, as last heard. ``…_s`` are moments of the monotonic clock; None is not known, or not so."""

    model_config = ConfigDict(frozen=True)

    power: Literal["mains", "battery"] | None = None
    battery: Literal["ok", "low", "critical"] | None = None
    charge_percent: float | None = None
    runtime_left_s: float | None = None
    runtime_is_estimate: bool = False  # the lower bound of an estimate, not what the UPS reports
    active: tuple[str, ...] = ()
    time: datetime | None = None  # the supply's own, of the newest state whatever its worth
    heard_s: float | None = None  # the last evidence
    doubt: str | None = None  # why the newest state is no evidence
    on_battery_since_s: float | None = None
    mains_since_s: float | None = None
    charge_low_since_s: float | None = None
    runtime_low_since_s: float | None = None


def after_state(rules: Rules, supply: Supply, state: DeviceState, now_s: float, *, retained: bool) -> Supply:
    """Return what is known after ``state``."""
    if state.time == supply.time:
        return supply
    if not retained:
        heard_s = now_s
    elif supply.time is None or supply.heard_s is None:
        return supply.model_copy(update={"time": state.time, "doubt": "the broker kept this; nothing was heard live"})
    elif state.time < supply.time:
        return supply
    else:
        heard_s = min(now_s, supply.heard_s + (state.time - supply.time).total_seconds())
    doubt = doubt_in(rules, state)
    if doubt is not None:
        return supply.model_copy(update={"time": state.time, "doubt": doubt})
    return _known(rules, supply, state, heard_s)


def doubt_in(rules: Rules, state: DeviceState) -> str | None:
    """Return why a state is no evidence, None if it is."""
    if state.quality in (Quality.BAD, Quality.STALE):
        return f"its readings are {state.quality}"
    if state.quality is Quality.SUSPECT and not any(name in state.values for name in BATTERY_FIGURES):
        return "its readings are suspect, and nothing of the battery is in them"
    if _power(rules, state) is None:
        return "it does not tell mains from battery"
    return None


def end_spell(rules: Rules, supply: Supply, now_s: float) -> Supply:
    """End the spell on battery where the mains have stood long enough."""
    if supply.on_battery_since_s is not None and stands(rules, supply, now_s):
        return supply.model_copy(update={"on_battery_since_s": None})
    return supply


def stands(rules: Rules, supply: Supply, now_s: float) -> bool:
    """Whether the mains are back, for all that is known, and have been long enough."""
    return supply.mains_since_s is not None and now_s - supply.mains_since_s >= rules.mains_back_s


def fresh(rules: Rules, supply: Supply, now_s: float) -> bool:
    """Whether the last evidence is new enough to speak for now."""
    return supply.heard_s is not None and now_s - supply.heard_s <= rules.stale_after_s


def _power(rules: Rules, state: DeviceState) -> Literal["mains", "battery"] | None:
    if state.power is None and rules.unknown_mains_is_battery_when_critical and state.battery is not None:
        return "battery" if state.battery == "critical" else "mains"
    return state.power


def _known(rules: Rules, old: Supply, state: DeviceState, heard_s: float) -> Supply:
    power = _power(rules, state)
    on_battery = power == "battery"
    charge, estimate = _number(state, "state_of_charge"), _number(state, ESTIMATED_RUNTIME)
    runtime = _number(state, RUNTIME) if estimate is None else estimate
    return Supply(
        power=power,
        battery=state.battery,
        charge_percent=charge,
        runtime_left_s=runtime,
        runtime_is_estimate=estimate is not None,
        active=state.active,
        time=state.time,
        heard_s=heard_s,
        on_battery_since_s=_since(on_battery or old.on_battery_since_s is not None, old.on_battery_since_s, heard_s),
        mains_since_s=_since(not on_battery, old.mains_since_s, heard_s),
        charge_low_since_s=_since(
            on_battery and _below(charge, rules.charge_below_percent), old.charge_low_since_s, heard_s
        ),
        runtime_low_since_s=_since(
            on_battery and _below(runtime, rules.runtime_below_s), old.runtime_low_since_s, heard_s
        ),
    )


def _since(holds: bool, since_s: float | None, now_s: float) -> float | None:
    """Return since when something holds."""
    if not holds:
        return None
    return now_s if since_s is None else since_s


def _below(value: float | None, limit: float | None) -> bool:
    return value is not None and limit is not None and value <= limit


def _number(state: DeviceState, name: str) -> float | None:
    value = state.values.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
