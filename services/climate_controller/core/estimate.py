"""An observer of the VPD: its value without noise, its drift, and the rate of each actuator.

It predicts each reading from drift and rates, and corrects all of them by the error. With everything off the correction
goes to the drift, else mostly to the rates of the running actuators.

Rules:
1. While the sensor still lags behind a switch, the drift is hardly corrected; for a while after the light changed, the
   rates are not.
2. Rates stay inside ``effects.bounded``; the drift stays inside ``MOST_DRIFT``.
3. After a gap the VPD begins anew; drift and rates are kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.climate_controller.core.effects import RATES, bounded
from shared.climate.zones import ZoneActuator

BELIEVES = 0.45  # share of an error that corrects the VPD
LEARNS = 0.06  # share that corrects drift and rates
DRIFT_SPREAD, RATE_SPREAD = 0.01, 0.3  # kPa/min, and a share of the rate: how uncertain each is
LEAST_SPREAD = 0.5  # of the assumed rate: a small learned rate stays as uncertain as this
SENSOR_LAG_S = 10.0
GUARD_S, LIGHT_GUARD_S, GUARDED = 25.0, 600.0, 0.05
GAP_S = 300.0
MOST_DRIFT = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """kPa and kPa a minute. ``acting`` are the levels with the sensor's lag, ``rates`` the learned rates."""

    vpd: float
    drift: float
    at_s: float
    rates: Mapping[str, float]
    acting: Mapping[str, float]
    switched_s: float = -math.inf
    light_s: float = -math.inf

    def slope(self, levels: Mapping[str, float], distances: Mapping[str, float]) -> float:
        """Return the slope of the VPD with these levels, kPa a minute."""
        return self.drift + sum(
            self.rates[name] * distance * level
            for name, distance in distances.items()
            if (level := levels.get(name, 0.0))
        )


def assumed_rates(actuators: tuple[ZoneActuator, ...], learned: Mapping[str, float]) -> dict[str, float]:
    """Return a rate for every actuator that moves the VPD: the learned one, bounded, else the assumed one."""
    return {
        each.name: bounded(each.kind, learned.get(each.name, RATES[each.kind]))
        for each in actuators
        if each.kind in RATES
    }


def begin(vpd: float, at_s: float, rates: Mapping[str, float], drift: float = 0.0) -> Estimate:
    """Return the estimate at a first reading."""
    return Estimate(vpd, drift, at_s, rates, {})


def follow(
    before: Estimate,
    measured: float,
    at_s: float,
    levels: Mapping[str, float],
    distances: Mapping[str, float],
    actuators: tuple[ZoneActuator, ...],
) -> Estimate:
    """Return the estimate after a reading; ``levels`` are those since the reading before."""
    passed_s = at_s - before.at_s
    if passed_s <= 0:
        return before
    if passed_s > GAP_S:
        return replace(before, vpd=measured, at_s=at_s, acting=dict(levels))
    minutes = passed_s / 60
    taken = 1 - math.exp(-passed_s / SENSOR_LAG_S)
    acting = {
        name: seen + (levels.get(name, 0.0) - seen) * taken
        for name in distances
        if (seen := before.acting.get(name, 0.0)) > 1e-3 or levels.get(name)
    }
    error = measured - before.vpd - minutes * before.slope(acting, distances)
    vpd = measured - (1 - BELIEVES) * error
    drift, rates = _corrected(before, error / minutes, acting, distances, at_s, actuators)
    return Estimate(vpd, drift, at_s, rates, acting, before.switched_s, before.light_s)


def _corrected(
    before: Estimate,
    error: float,
    acting: Mapping[str, float],
    distances: Mapping[str, float],
    at_s: float,
    actuators: tuple[ZoneActuator, ...],
) -> tuple[float, Mapping[str, float]]:
    """Return drift and rates corrected by an error of the slope, each in proportion to its uncertainty."""
    kinds = {each.name: each.kind for each in actuators}
    drift_weight = DRIFT_SPREAD**2 * (GUARDED if at_s - before.switched_s < GUARD_S else 1.0)
    weights = {
        name: (
            RATE_SPREAD * max(abs(before.rates[name]), LEAST_SPREAD * abs(RATES[kinds[name]])) * distances[name] * level
        )
        ** 2
        for name, level in acting.items()
        if level > 0.05
    }
    if at_s - before.light_s < LIGHT_GUARD_S:
        weights = {}
    whole = max(drift_weight + sum(weights.values()), DRIFT_SPREAD**2)
    learned = LEARNS * error / whole
    drift = min(max(before.drift + learned * drift_weight, -MOST_DRIFT), MOST_DRIFT)
    if not weights:
        return drift, before.rates
    rates = dict(before.rates)
    for each in actuators:
        if weights.get(each.name):
            felt = distances[each.name] * acting[each.name]
            rates[each.name] = bounded(each.kind, rates[each.name] + learned * weights[each.name] / felt)
    return drift, rates
