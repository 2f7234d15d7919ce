"""From what ``upsd`` says of a UPS to a reading.

Rules:
1. Without ``ups.status``, or while it is WAIT, nothing is known of the mains or the battery's state: those channels
   are left out. A UPS never heard from is unknown, not on line.
2. OL and OB together say nothing of the mains; nor does OB while calibrating (CAL), when the UPS runs on its battery
   by choice, and neither does LB then of the battery.
3. A word that is not there says the opposite of its flag. CHRG is the exception: many drivers never say it.
   ``charging`` is false by DISCHRG, by OB, by the charger's own status, or if this UPS has said CHRG before.
4. ``battery.current`` has the sign of the status (CHRG +, OB or DISCHRG -), for drivers differ; without one it is
   left out.
5. Unknown words and variables are passed over, and empty ones. A value that is no number, or none that its quantity
   can have, is left out and told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.sensor_reader.core.nut.table import (
    CHARGER,
    CHARGER_SAYS,
    CURRENT,
    STARTING,
    STATUS,
    VARIABLES,
    WORDS,
)
from services.sensor_reader.core.reading import Doubt, Reading, within_range

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
_ON_BATTERY = {"OB", "DISCHRG"}


def status_words(variables: Mapping[str, str]) -> frozenset[str]:
    """Return the words of ``ups.status``; none while the driver is still starting."""
    found = frozenset(variables.get(STATUS, "").split())
    return frozenset() if STARTING in found else found


def interpret(variables: Mapping[str, str], said_before: frozenset[str] = frozenset()) -> Reading:
    """Return the channels; ``said_before`` are the status words this UPS has ever shown to us."""
    words = status_words(variables)
    doubts: list[Doubt] = []
    if not words:
        shown = repr(variables.get(STATUS, "nothing"))
        doubts.append(
            Doubt("missing", f"{STATUS} says {shown}: whether the mains are there is not known", "ac_present")
        )
    numbers, no_numbers = _numbers(variables)
    current, no_current = _current(variables, words)
    values, implausible = within_range(
        {**_facts(words), **_charging(variables, words, said_before), **numbers, **current}
    )
    return Reading(values, (*doubts, *no_numbers, *no_current, *implausible))


def _facts(words: frozenset[str]) -> dict[str, bool]:
    if not words:
        return {}
    facts: dict[str, bool] = {}
    for word in WORDS:
        facts |= word.says if word.word in words else word.otherwise
    if {"OL", "OB"} <= words or {"CAL", "OB"} <= words:
        facts.pop("ac_present")
    if {"CHRG", "DISCHRG"} <= words:
        facts.pop("charging")
    if "CAL" in words:
        facts.pop("battery_low")
    return facts


def _charging(variables: Mapping[str, str], words: frozenset[str], said_before: frozenset[str]) -> dict[str, bool]:
    """Return what is known of the charger where the words CHRG and DISCHRG say nothing."""
    if not words or words & {"CHRG", "DISCHRG"}:
        return {}
    by_charger = CHARGER_SAYS.get(variables.get(CHARGER, ""))
    if by_charger is not None:
        return {"charging": by_charger}
    return {"charging": False} if "OB" in words or "CHRG" in said_before else {}


def _numbers(variables: Mapping[str, str]) -> tuple[dict[str, float], list[Doubt]]:
    values: dict[str, float] = {}
    doubts: list[Doubt] = []
    for variable in VARIABLES:
        text = variables.get(variable.name, "").strip()
        if not text or variable.channel in values:
            continue
        number, doubt = _number(variable.name, text, variable.channel)
        values |= {} if number is None else {variable.channel: number}
        doubts += doubt
    return values, doubts


def _number(name: str, text: str, channel: str) -> tuple[float | None, list[Doubt]]:
    if _NUMBER.fullmatch(text):
        return float(text), []
    return None, [Doubt("implausible", f"{name} is {text!r:.40}, which is no number", channel)]


def _current(variables: Mapping[str, str], words: frozenset[str]) -> tuple[dict[str, float], list[Doubt]]:
    text = variables.get(CURRENT, "").strip()
    charges, discharges = "CHRG" in words, bool(words & _ON_BATTERY)
    if not text or charges == discharges:
        return {}, []
    number, doubts = _number(CURRENT, text, "battery_current")
    if number is None:
        return {}, doubts
    return {"battery_current": abs(number) if charges else -abs(number)}, []
