"""Moist air: vapour pressure, its deficit, dew point and absolute humidity.

Saturation over water after Buck (1996, CR-1A manual), within 0.05 % of ASHRAE's from 10 to 40 °C; below 0 °C it stays
the one over water, as hygrometers are calibrated (WMO-No. 8, 4.1). Temperatures in °C, humidity in %, pressures in kPa.
"""

from __future__ import annotations

import math

_AT_ZERO_KPA = 0.61121
_VAPOUR = 461.52  # J/(kg K), the gas constant of water vapour
_ZERO_K = 273.15


def saturation_kpa(celsius: float) -> float:
    """Return the vapour pressure of saturated air; within 0.05 % from 0 to 50 °C."""
    return _AT_ZERO_KPA * math.exp((18.678 - celsius / 234.5) * celsius / (257.14 + celsius))


def deficit_kpa(celsius: float, humidity: float) -> float:
    """Return the vapour pressure deficit of the air."""
    return saturation_kpa(celsius) * (1 - humidity / 100)


def leaf_deficit_kpa(celsius: float, humidity: float, leaf_celsius: float) -> float:
    """Return the deficit between leaf and air; negative where dew falls on the leaf, and never cut off there."""
    return saturation_kpa(leaf_celsius) - saturation_kpa(celsius) * humidity / 100


def dew_point_c(celsius: float, humidity: float) -> float | None:
    """Return the dew point, the exact inverse of ``saturation_kpa``; None at 0 %, where there is none."""
    if humidity <= 0:
        return None
    excess = math.log(saturation_kpa(celsius) * humidity / 100 / _AT_ZERO_KPA)
    # excess = (18.678 - t / 234.5) t / (257.14 + t), solved for t: t² / 234.5 - (18.678 - excess) t + 257.14 excess = 0
    slope = 18.678 - excess
    return 2 * 257.14 * excess / (slope + math.sqrt(slope * slope - 4 * 257.14 * excess / 234.5))


def absolute_humidity_g_m3(celsius: float, humidity: float) -> float:
    """Return the water in a cubic metre of air, g."""
    return saturation_kpa(celsius) * 1e6 * humidity / 100 / (_VAPOUR * (celsius + _ZERO_K))
