"""The numbers of a UPS: which variable gives each channel, what is no figure at all, and what its nameplate rules out.

Rules:
1. Of several variables for one channel the first that is there counts. A UPS that reports each phase gives the lowest
   voltage, the highest current and load, the sum of powers. A phase of 0 beside others is not there, unless the UPS
   says how many phases it has; fewer volts on one of them is then its outage.
2. Some figures stand for "not known" (``NOT_KNOWN``), and so do: a runtime of 0 on mains, or beside a charge above
   ``SOME_PERCENT``; a runtime that never moves (``history``); a charge of 0 beside a runtime; a battery of 0 V. They
   are left out, and that is no fault.
3. A text that is no number is left out and said; so is a battery voltage beyond ``MOST_NOMINAL`` times the nominal.
   The load is held against the nameplate (``nameplate``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from services.sensor_reader.core.nut.history import History
from services.sensor_reader.core.nut.nameplate import with_nameplate
from services.sensor_reader.core.nut.numbers import number, parse
from services.sensor_reader.core.reading import Doubt
from shared.nut.table import CURRENT, NOT_KNOWN, VARIABLES, Variable

SOME_PERCENT = 10.0
MOST_NOMINAL = 4.0
OF_PHASES: Mapping[str, Callable[[list[float]], float]] = {"lowest": min, "highest": max, "sum": math.fsum}
_ON_BATTERY = {"OB", "DISCHRG"}


def figures(
    variables: Mapping[str, str], words: frozenset[str], history: History
) -> tuple[dict[str, float], list[Doubt], History]:
    """Return the channels that are numbers, doubts about others, and the history after this poll."""
    values: dict[str, float] = {}
    doubts: list[Doubt] = []
    for variable in VARIABLES:
        figure, doubt = _figure(variable, variables)
        values |= {} if figure is None else {variable.channel: figure}
        doubts += doubt
    current, no_current = _current(variables, words)
    was_percent = history.load_was_percent
    history = history.with_figures(values)
    values = _without_the_unknown(values, words, history)
    too_high = _beyond_nameplate(values, variables)
    values, overloaded = with_nameplate(values, variables, words, was_percent)
    return {**values, **current}, [*doubts, *no_current, *too_high, *overloaded], history


def _figure(variable: Variable, variables: Mapping[str, str]) -> tuple[float | None, list[Doubt]]:
    for name in variable.names:
        text = variables.get(name, "").strip()
        if text:
            return parse(name, text, variable.channel)
    for pattern in variable.phases:
        names = pattern.split() if " " in pattern else [pattern.replace("#", str(n)) for n in (1, 2, 3)]
        found = [parse(name, variables[name].strip(), variable.channel)[0] for name in names if name in variables]
        there = [figure for figure in found if figure is not None]
        if there:
            return _of_phases(variable, there, variables), []
    return None, []


def _of_phases(variable: Variable, found: list[float], variables: Mapping[str, str]) -> float:
    counted = number(variables, f"{variable.channel.partition('_')[0]}.phases")
    if (counted or 1) <= 1:
        found = [figure for figure in found if figure] or found
    return round(OF_PHASES[variable.of_phases](found), 6)


def _without_the_unknown(values: Mapping[str, float], words: frozenset[str], history: History) -> dict[str, float]:
    known = {channel: value for channel, value in values.items() if value not in NOT_KNOWN.get(channel, ())}
    charge, runtime = known.get("state_of_charge"), known.get("runtime_left_s")
    on_battery = "OB" in words
    believable = charge is not None and SOME_PERCENT < charge <= 100
    if (runtime == 0 and (believable or not on_battery)) or (runtime is not None and history.runtime.stands_still):
        del known["runtime_left_s"]
    if charge == 0 and (runtime or not on_battery):
        del known["state_of_charge"]
    if known.get("battery_voltage") == 0:
        del known["battery_voltage"]
    return known


def _beyond_nameplate(values: dict[str, float], variables: Mapping[str, str]) -> list[Doubt]:
    nominal = number(variables, "battery.voltage.nominal")
    volts = values.get("battery_voltage")
    if not nominal or volts is None or nominal <= 0 or volts <= MOST_NOMINAL * nominal:
        return []
    del values["battery_voltage"]
    detail = f"battery.voltage {volts:g} V is more than {MOST_NOMINAL:g} times the nominal {nominal:g} V"
    return [Doubt("implausible", detail, "battery_voltage")]


def _current(variables: Mapping[str, str], words: frozenset[str]) -> tuple[dict[str, float], list[Doubt]]:
    text = variables.get(CURRENT, "").strip()
    charges, discharges = "CHRG" in words, bool(words & _ON_BATTERY)
    if not text or charges == discharges:
        return {}, []
    amperes, doubts = parse(CURRENT, text, "battery_current")
    if amperes is None:
        return {}, doubts
    return {"battery_current": abs(amperes) if charges else -abs(amperes)}, []
