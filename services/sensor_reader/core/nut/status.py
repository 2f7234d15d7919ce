"""The words of ``ups.status`` become facts; where they contradict one another, a physical figure of the poll decides.

Rules:
1. A word that is not there says the opposite of its flag. CHRG is the exception: many drivers never say it.
   ``charging`` is false by DISCHRG, by OB, by the charger's own status, or if this UPS has said CHRG before.
2. OB while calibrating (CAL) says nothing of the mains, for the UPS runs on its battery by choice; neither does LB
   then of the battery.
3. OL and OB together, or neither: the input voltage decides (above ``THERE`` of the nominal one, or of ``LOW_MAINS_V``;
   below ``GONE`` of it). BOOST and TRIM speak for mains too. Else nothing is known of them.
4. OFF beside a voltage and a load at the output: it feeds its load, whatever it says (nut#2278). Beside a voltage alone
   nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.sensor_reader.core.nut.history import History
from services.sensor_reader.core.nut.numbers import number
from shared.nut.table import CHARGER, CHARGER_SAYS, STARTING, STATUS, WORDS

THERE, GONE = 0.6, 0.2
LOW_MAINS_V = 100.0  # the lowest nominal voltage of any mains
LOADS = ("output_load", "output_current", "output_power", "apparent_power")


def status_words(variables: Mapping[str, str]) -> frozenset[str]:
    """Return the words of ``ups.status``; none while the driver is still starting."""
    found = frozenset(variables.get(STATUS, "").split())
    return frozenset() if STARTING in found else found


def facts(
    words: frozenset[str], variables: Mapping[str, str], figures: Mapping[str, float], history: History
) -> dict[str, bool]:
    """Return what the status says, beside the figures of the same poll."""
    if not words:
        return {}
    found: dict[str, bool] = {}
    for word in WORDS:
        found |= word.says if word.word in words else word.otherwise
    found.pop("ac_present", None)
    mains = _mains(words, variables, figures)
    found |= {} if mains is None else {"ac_present": mains}
    if "OFF" in words and _has_voltage("output", variables, figures):
        if any(figures.get(name, 0) > 0 for name in LOADS):
            found["output_on"] = True
        else:
            found.pop("output_on")
    if {"CHRG", "DISCHRG"} <= words:
        found.pop("charging")
    if "CAL" in words:
        found.pop("battery_low")
    return {**found, **_charging(words, variables, history)}


def _mains(words: frozenset[str], variables: Mapping[str, str], figures: Mapping[str, float]) -> bool | None:
    if {"CAL", "OB"} <= words:
        return None
    if ("OL" in words) != ("OB" in words):
        return "OL" in words
    there = _has_voltage("input", variables, figures)
    if there is not None or "OL" in words:
        return there
    return True if words & {"BOOST", "TRIM"} else None


def _has_voltage(side: str, variables: Mapping[str, str], figures: Mapping[str, float]) -> bool | None:
    """Whether there is a voltage at the ``side``, input or output; None where that is not to be known."""
    volts = figures.get(f"{side}_voltage")
    if volts is None:
        return None
    nominal = number(variables, f"{side}.voltage.nominal")
    base = nominal if nominal and nominal > 0 else LOW_MAINS_V
    return True if volts >= THERE * base else False if volts <= GONE * base else None


def _charging(words: frozenset[str], variables: Mapping[str, str], history: History) -> dict[str, bool]:
    """Return what is known of the charger where the words CHRG and DISCHRG say nothing."""
    if words & {"CHRG", "DISCHRG"}:
        return {}
    by_charger = CHARGER_SAYS.get(variables.get(CHARGER, "").lower())
    if by_charger is not None:
        return {"charging": by_charger}
    return {"charging": False} if "OB" in words or "CHRG" in history.words else {}
