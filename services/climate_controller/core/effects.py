"""How actuators move the VPD: an assumed rate by kind, bounds for learned rates, and futility.

Rules:
1. A rate is kPa a minute at full level. A fan's is 1 a minute, because it moves the VPD towards that of the air it
   draws in: its effect is its rate times the distance, of either sign. Without a sensor outside the distance is
   assumed.
2. Futility is judged by vapour pressure: what the zone's VPD would be with the water of the outside air, at the zone's
   own temperature. Relative humidities at two temperatures cannot be compared.
3. A learned rate stays within bounds of the assumed rate and keeps its sign.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.climate_controller.core.tick import Air
from shared.climate.psychrometrics import saturation_kpa
from shared.climate.zones import Kind, ZoneActuator

RATES: dict[Kind, float] = {
    Kind.EXHAUST: 0.2,
    Kind.HEATER: 0.036,
    Kind.COOLER: -0.034,
    Kind.HUMIDIFIER: -0.10,
    Kind.DEHUMIDIFIER: 0.08,
}
LEAST, MOST = 1 / 20, 8.0  # times the assumed rate
UNKNOWN_DISTANCE_KPA = 0.5
LEAST_GAIN_KPA = 0.05  # a fan that would move the VPD by less is futile
TAKES_ON = 0.25  # share of the temperature difference that outside air brings into the zone


def bounded(kind: Kind, rate: float) -> float:
    """Return a learned rate, cut to its bounds."""
    assumed = RATES[kind]
    low, high = sorted((assumed * LEAST, assumed * MOST))
    return min(max(rate, low), high)


def does_nothing(kind: Kind, rate: float) -> bool:
    """Return whether a rate is at its lower bound."""
    return abs(rate) <= 1.01 * LEAST * abs(RATES[kind])


def vented_kpa(air: Air, outside: Air, offset_c: float = 0.0) -> float:
    """Return the VPD, kPa, that outside air would bring the zone to."""
    celsius = air.celsius + TAKES_ON * (outside.celsius - air.celsius)
    return saturation_kpa(celsius + offset_c) - saturation_kpa(outside.celsius) * outside.percent / 100


def distance_kpa(kind: Kind, vpd: float, vented: float | None) -> float:
    """Return the factor by which a rate gives kPa a minute."""
    if kind is not Kind.EXHAUST:
        return 1.0
    return UNKNOWN_DISTANCE_KPA if vented is None else vented - vpd


def distances(actuators: tuple[ZoneActuator, ...], vpd: float, vented: float | None) -> Mapping[str, float]:
    """Return the factor of each actuator that moves the VPD, by name."""
    return {each.name: distance_kpa(each.kind, vpd, vented) for each in actuators if each.kind in RATES}
