"""The memory of one power supply, a pure function of (rules, supply, state, now).

Rules:
1. ``now_s`` is monotonic, seconds since the machine's boot, so steps of the wall clock do not matter.
2. A state counts if it is new (its own time differs from the last), not ``stale`` or ``bad``, and distinguishes mains
   from battery. Any other state changes nothing, and the supply grows silent. A forced shutdown counts even where
   nothing distinguishes mains from battery.
3. A retained state is of the past. It counts only if it is later than the last live one of this boot, and has the age
   that the supply's own times give it.
4. Each figure has the time of its last value. A state without a figure leaves that figure as it was, so one bad
   variable does not hide the others: a policy needs only its own figure. A supply that has shown battery figures
   before, and shows none any more, grows silent like one that sends nothing.
5. Simulated and real readings are kept apart: a change from one to the other begins anew. Hardware counts only when it
   has answered for ``stale_after_s``, because its first states may still have values of the simulation.
6. A spell on battery begins with the first such state and ends when mains have been back for ``mains_back_s``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.host_agent.core.rules import Rules
from shared.messages import DeviceState, Quality

CHARGE, RUNTIME, LOW_WORD, FORCED = "state_of_charge", "runtime_left_s", "battery_low", "forced_shutdown"
BATTERY_FIGURES = ("battery_voltage", "cell_voltage", CHARGE, RUNTIME, LOW_WORD)
ESTIMATED_RUNTIME = "estimated_runtime_low_s"  # the lower bound: where there is one, it decides


class Supply(BaseModel):
    """One supply, by its last states. ``…_s`` are times of the monotonic clock; None: unknown, or not the case."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    power: Literal["mains", "battery"] | None = None
    battery: Literal["ok", "low", "critical"] | None = None
    charge_percent: float | None = None
    runtime_left_s: float | None = None
    runtime_is_estimate: bool = False  # the lower bound of an estimate, not what the UPS reports
    active: tuple[str, ...] = ()
    time: datetime | None = None  # the supply's own, of the newest state whatever its worth
    heard_s: float | None = None  # the last evidence
    battery_heard_s: float | None = None  # … of the battery, by any figure or word
    charge_heard_s: float | None = None
    runtime_heard_s: float | None = None
    battery_low: bool = False  # reported by the supply (LB)
    forced_shutdown: bool = False  # the supply is about to cut the power (FSD)
    simulated: bool = False  # a simulator or a recording says so, and no hardware
    real_since_s: float | None = None  # from when on hardware has answered, after simulated readings
    doubt: str | None = None  # why the newest state is no evidence
    on_battery_since_s: float | None = None
    mains_since_s: float | None = None
    charge_low_since_s: float | None = None
    runtime_low_since_s: float | None = None
    word_low_since_s: float | None = None  # battery_low while neither charge nor runtime is known


def after_state(rules: Rules, supply: Supply, state: DeviceState, now_s: float, *, retained: bool) -> Supply:
    """Return the supply after ``state``."""
    if state.time == supply.time:
        return supply
    if not retained:
        heard_s = now_s
    elif supply.time is None or supply.heard_s is None:
        return supply.model_copy(update={"time": state.time, "doubt": "only a retained state; no live one since"})
    elif state.time < supply.time:
        return supply
    else:
        heard_s = min(now_s, supply.heard_s + (state.time - supply.time).total_seconds())
    doubt = doubt_in(rules, state)
    if doubt is not None:
        return supply.model_copy(update={"time": state.time, "doubt": doubt})
    if supply.simulated and not state.simulated:
        supply = supply if supply.real_since_s is not None else supply.model_copy(update={"real_since_s": heard_s})
        if heard_s - (supply.real_since_s or 0.0) < rules.stale_after_s:
            return supply.model_copy(update={"time": state.time, "doubt": "its readings were simulated until just now"})
    return _known(rules, supply if supply.simulated == state.simulated else Supply(), state, heard_s)


def doubt_in(rules: Rules, state: DeviceState) -> str | None:
    """Return why a state does not count; None if it does."""
    if state.quality in (Quality.BAD, Quality.STALE):
        return f"its readings are {state.quality}"
    if _power(rules, state) is None and state.values.get(FORCED) is not True:
        return "it does not distinguish mains from battery"
    return None


def end_spell(rules: Rules, supply: Supply, now_s: float) -> Supply:
    """End the spell on battery if mains have been back for ``mains_back_s``."""
    if supply.on_battery_since_s is not None and stands(rules, supply, now_s):
        return supply.model_copy(update={"on_battery_since_s": None})
    return supply


def stands(rules: Rules, supply: Supply, now_s: float) -> bool:
    """Whether mains are back, and have been for ``mains_back_s``."""
    return supply.mains_since_s is not None and now_s - supply.mains_since_s >= rules.mains_back_s


def fresh(rules: Rules, heard_s: float | None, now_s: float) -> bool:
    """Whether a value of ``heard_s`` is at most ``stale_after_s`` old."""
    return heard_s is not None and now_s - heard_s <= rules.stale_after_s


def _power(rules: Rules, state: DeviceState) -> Literal["mains", "battery"] | None:
    if state.power is None and rules.unknown_mains_is_battery_when_critical and state.battery is not None:
        return "battery" if state.battery == "critical" else "mains"
    return state.power


def last_of_battery_s(supply: Supply) -> float | None:
    """Return the time of the last battery figure; of the last state if the supply has never shown one."""
    return supply.heard_s if supply.battery_heard_s is None else supply.battery_heard_s


def _known(rules: Rules, old: Supply, state: DeviceState, heard_s: float) -> Supply:
    power = _power(rules, state) or old.power
    on_battery = power == "battery"
    charge, estimate = _number(state, CHARGE), _number(state, ESTIMATED_RUNTIME)
    runtime = _number(state, RUNTIME) if estimate is None else estimate
    low_word = state.values.get(LOW_WORD) is True
    alone = charge is None and runtime is None
    return Supply(
        power=power,
        battery=state.battery,
        charge_percent=_or(charge, old.charge_percent),
        runtime_left_s=_or(runtime, old.runtime_left_s),
        runtime_is_estimate=estimate is not None or (runtime is None and old.runtime_is_estimate),
        active=state.active,
        time=state.time,
        heard_s=heard_s,
        battery_heard_s=heard_s if any(name in state.values for name in BATTERY_FIGURES) else old.battery_heard_s,
        charge_heard_s=old.charge_heard_s if charge is None else heard_s,
        runtime_heard_s=old.runtime_heard_s if runtime is None else heard_s,
        battery_low=low_word,
        forced_shutdown=state.values.get(FORCED) is True,
        simulated=state.simulated,
        on_battery_since_s=_since(on_battery or old.on_battery_since_s is not None, old.on_battery_since_s, heard_s),
        mains_since_s=_since(not on_battery, old.mains_since_s, heard_s),
        charge_low_since_s=_low_since(on_battery, charge, rules.charge_below_percent, old.charge_low_since_s, heard_s),
        runtime_low_since_s=_low_since(on_battery, runtime, rules.runtime_below_s, old.runtime_low_since_s, heard_s),
        word_low_since_s=_since(
            on_battery and low_word and (alone or rules.low_word == "always"), old.word_low_since_s, heard_s
        ),
    )


def _or(value: float | None, before: float | None) -> float | None:
    return before if value is None else value


def _low_since(
    on_battery: bool, value: float | None, limit: float | None, since_s: float | None, now_s: float
) -> float | None:
    """Return since when a figure is low; a figure missing from this state stays as it was."""
    if value is None:
        return since_s if on_battery else None
    return _since(on_battery and limit is not None and value <= limit, since_s, now_s)


def _since(holds: bool, since_s: float | None, now_s: float) -> float | None:
    """Return since when something holds."""
    if not holds:
        return None
    return now_s if since_s is None else since_s


def _number(state: DeviceState, name: str) -> float | None:
    value = state.values.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
