"""Figures from the nameplate of a UPS: its load, and its rated current.

Rules:
1. A UPS that shows no load has that of its power: ``ups.power`` of ``ups.power.nominal``, else ``ups.realpower`` of
   ``ups.realpower.nominal``.
2. A load above 100 % needs a witness: the word OVER, a power that says the same, or a load of this UPS between 0 and
   100 % before it, which shows the figure to be a percentage. Without one it is left out with a doubt: in each dump of
   NUT's device library that has one without OVER it is ten times too high, or all ones. Above ``MOST_LOAD`` only OVER
   or the power will do.
3. ``rated_output_current`` is ``ups.power.nominal`` by the nominal output voltage, of a UPS with one phase. A current
   above it that the load of the same poll contradicts is left out with a doubt, and so is one above ``MOST_RATED``
   times it.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.sensor_reader.core.nut.history import FULL_LOAD
from services.sensor_reader.core.nut.numbers import number
from services.sensor_reader.core.reading import Doubt

LOAD, RATED, CURRENT = "output_load", "rated_output_current", "output_current"
MOST_RATED = 4.0
MOST_LOAD = 200.0  # percent
AGREES = 0.8  # a power this near to the load, or above, bears it out
POWERS = (("ups.power", "ups.power.nominal"), ("ups.realpower", "ups.realpower.nominal"))
MANY_PHASES = ("output.L2.current", "output.L2-N.voltage", "output.L2.voltage", "output.L1-L2.voltage")


def with_nameplate(
    values: Mapping[str, float], variables: Mapping[str, str], words: frozenset[str], load_was_percent: bool
) -> tuple[dict[str, float], list[Doubt]]:
    """Return the channels held against the nameplate, and the doubt about a load that nothing bears out."""
    held, doubts = dict(values), list[Doubt]()
    load, by_power = held.get(LOAD), load_by_power(variables)
    if load is None and by_power is not None:
        held[LOAD] = by_power
    elif load is not None and not _is_borne_out(load, by_power, words, load_was_percent):
        del held[LOAD]
        detail = f"ups.load {load:g} % is more than the UPS carries, and neither OVER nor its power says so"
        doubts.append(Doubt("implausible", detail, LOAD))
    rated = _rated_current(held, variables)
    if rated is None:
        return held, doubts
    held[RATED] = rated
    amperes = held.get(CURRENT, 0.0)
    if (
        amperes > rated
        and "OVER" not in words
        and (held.get(LOAD, FULL_LOAD) < AGREES * FULL_LOAD or amperes > MOST_RATED * rated)
    ):
        del held[CURRENT]
        doubts.append(
            Doubt(
                "implausible", f"{amperes:g} A is more than the nameplate's {rated:g} A, and the load is not", CURRENT
            )
        )
    return held, doubts


def load_by_power(variables: Mapping[str, str]) -> float | None:
    """Return the load by power and nameplate, percent; None where one of them is not known."""
    for name, nominal in POWERS:
        power, most = number(variables, name), number(variables, nominal)
        if power is not None and power >= 0 and most is not None and most > 0:
            return round(100 * power / most, 1)
    return None


def _is_borne_out(load: float, by_power: float | None, words: frozenset[str], was_percent: bool) -> bool:
    if load <= FULL_LOAD or "OVER" in words:
        return True
    if by_power is not None:
        return by_power >= AGREES * load
    return was_percent and load <= MOST_LOAD


def _rated_current(values: Mapping[str, float], variables: Mapping[str, str]) -> float | None:
    most, phases = number(variables, "ups.power.nominal"), number(variables, "output.phases")
    if not most or most < 0 or (phases or 1) > 1 or any(name in variables for name in MANY_PHASES):
        return None
    volts = number(variables, "output.voltage.nominal") or values.get("output_voltage")
    return round(most / volts, 2) if volts and volts > 0 else None
