"""How long a battery lasts, and how long until it is full: an estimate and its 90 % interval."""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

from services.event_processor.core.forecast.charge import IDLE_SHARE, BatteryModel, Charge
from services.event_processor.core.forecast.curves import Curve, voltage
from services.event_processor.core.forecast.kalman import remaining

NINE_IN_TEN = 1.645  # standard deviations
LOAD_ERROR, POWER_ERROR, LOAD_VARIES = 0.008, 0.015, 0.35  # of a steady current or power; share of a load's variation
POINTS = 8  # of the curve, for the mean voltage
TAPER_FROM, TAPER_SLOWER = 0.8, 2.0  # above this charge the charging current falls
LONGEST_S = 1e7


class Interval(NamedTuple):
    """Seconds; ``low`` and ``high`` are at least 0 and hold the true value nine times in ten."""

    middle: float
    low: float
    high: float


def left_at(battery: BatteryModel, charge: Charge, load: float, *, by_power: bool) -> Interval | None:
    """Return how long the battery lasts at ``load`` (A out of the battery at its present voltage, positive).

    ``by_power``: a load of constant power, which draws more current as the voltage falls. None: no load.
    """
    if load <= 0:
        return None
    amount, spread = remaining(charge.belief)
    if by_power:
        present = max(charge.volts, 0.1)
        mean = _mean_voltage(battery.curve, charge.belief.charge) - load * charge.resistance
        load *= present / max(mean, 0.3 * present)
    varies = LOAD_VARIES * charge.load_var**0.5 / max(abs(charge.mean), 1e-9) + (POWER_ERROR if by_power else 0.0)
    middle_s = amount / load * 3600
    return _interval(middle_s, ((spread / load * 3600) ** 2 + (varies * middle_s) ** 2) ** 0.5)


def left(battery: BatteryModel, charge: Charge, *, by_power: bool) -> Interval | None:
    """Return how long the battery lasts at its present load; None while it is not discharging."""
    if -charge.mean < IDLE_SHARE * charge.belief.capacity:
        return None
    return left_at(battery, charge, -charge.mean, by_power=by_power)


def to_full(charge: Charge) -> Interval | None:
    """Return how long until the battery is full at the present charging current; None while it is not charging."""
    if charge.mean < IDLE_SHARE * charge.belief.capacity:
        return None
    held, capacity = min(max(charge.belief.charge, 0.0), 1.0), charge.belief.capacity
    fast, slow = max(TAPER_FROM - held, 0.0), 1.0 - max(held, TAPER_FROM)
    middle_s = (fast + slow * TAPER_SLOWER) * capacity / charge.mean * 3600
    _, spread = remaining(charge.belief)
    return _interval(middle_s, spread / charge.mean * 3600 + 0.2 * middle_s / NINE_IN_TEN)


def _mean_voltage(curve: Curve, held: float) -> float:
    """Return the mean open-circuit voltage from ``held`` down to empty, V per cell."""
    held = min(max(held, 0.0), 1.0)
    return sum(voltage(curve, held * (2 * point + 1) / (2 * POINTS)) for point in range(POINTS)) / POINTS


def _interval(middle_s: float, spread_s: float) -> Interval:
    """Return the interval: symmetric for a small spread, by a factor for a wide one, since no runtime is negative."""
    middle_s = min(middle_s, LONGEST_S)
    spread_s = (spread_s**2 + (LOAD_ERROR * middle_s) ** 2) ** 0.5
    if middle_s <= 0:
        return Interval(0.0, 0.0, NINE_IN_TEN * spread_s)
    factor = exp(log(1 + spread_s / middle_s) * NINE_IN_TEN)
    return Interval(
        middle_s,
        max(middle_s / factor, middle_s - NINE_IN_TEN * spread_s, 0.0),
        min(max(middle_s * factor, middle_s + NINE_IN_TEN * spread_s), LONGEST_S),
    )
