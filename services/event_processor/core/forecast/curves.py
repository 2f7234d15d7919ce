"""Open-circuit voltage by state of charge, V per cell at 25 °C after a rest, for each chemistry.

A curve is a row of (state of charge, V), rising and linear between two points. Beyond its ends it continues steeply, so
that a filter that has run past an end is led back.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import NamedTuple


class Curve(NamedTuple):
    """``spread_v``: how far cells of this chemistry differ from the curve, one standard deviation.

    ``empty_v``: V per cell under load at which a board gives up, where nothing else is known.
    """

    points: tuple[tuple[float, float], ...]
    spread_v: float
    empty_v: float
    source: str


BELOW, ABOVE = 8.0, 1.2  # V per unit of charge, beyond empty and full

_SUNIL = "S. Sunil, B. Balasingam, K. Pattipati: Piecewise-Battery-OCV (2025), measured at C/32 and C/20"

CURVES: dict[str, Curve] = {
    "li_ion": Curve(  # the mean of four NMC and NCA cells, 18650 and 21700, which lie within 30 mV above 5 %
        ((0.0, 2.56), (0.015, 2.91), (0.045, 3.15), (0.094, 3.325), (0.155, 3.43), (0.294, 3.58), (0.463, 3.70),
         (0.842, 4.064), (0.955, 4.112), (1.0, 4.19)),
        0.03, 3.0, _SUNIL,
    ),
    "lihv": Curve(  # li_ion, stretched to 4.35 V: no measured one was found, so its spread is greater
        ((0.0, 2.60), (0.015, 2.98), (0.045, 3.24), (0.094, 3.43), (0.155, 3.54), (0.294, 3.70), (0.463, 3.83),
         (0.842, 4.21), (0.955, 4.27), (1.0, 4.34)),
        0.06, 3.1, "li_ion, stretched",
    ),
    "lifepo4": Curve(
        ((0.0, 2.01), (0.003, 2.42), (0.012, 2.74), (0.027, 2.93), (0.053, 3.09), (0.089, 3.195), (0.297, 3.277),
         (0.983, 3.351), (0.995, 3.42), (1.0, 3.60)),
        0.02, 2.6, _SUNIL,
    ),
    "lto": Curve(
        ((0.0, 1.80), (0.03, 2.00), (0.1, 2.12), (0.2, 2.18), (0.3, 2.21), (0.4, 2.24), (0.5, 2.28), (0.6, 2.33),
         (0.7, 2.39), (0.8, 2.46), (0.9, 2.54), (1.0, 2.70)),
        0.05, 1.8, "the shape that makers of LTO cells print; not held against a measured one",
    ),
    "lead_acid": Curve(
        ((0.0, 1.93), (0.1, 1.96), (0.25, 2.00), (0.5, 2.045), (0.75, 2.085), (0.9, 2.11), (1.0, 2.13)),
        0.03, 1.75, "the table of rest voltages that makers print (12.7 V full to 11.6 V empty); AGM lies 15 mV higher",
    ),
    "nimh": Curve(
        ((0.0, 1.05), (0.05, 1.16), (0.1, 1.20), (0.2, 1.235), (0.4, 1.265), (0.6, 1.285), (0.8, 1.31), (0.9, 1.335),
         (1.0, 1.40)),
        0.05, 1.0, "the shape that makers of NiMH cells print; charge and discharge differ by 50 mV",
    ),
}  # fmt: skip


def voltage(curve: Curve, charge: float) -> float:
    """Return V per cell at a state of charge (0 to 1, and a little beyond)."""
    points = curve.points
    if charge <= points[0][0]:
        return points[0][1] + (charge - points[0][0]) * BELOW
    if charge >= points[-1][0]:
        return points[-1][1] + (charge - points[-1][0]) * ABOVE
    after = bisect_right(points, (charge, 1e9))
    (low, low_v), (high, high_v) = points[after - 1], points[after]
    return low_v + (high_v - low_v) * (charge - low) / (high - low)


def slope(curve: Curve, charge: float) -> float:
    """Return V per unit of charge, over 4 % around a state of charge: steps of the table are smoothed."""
    return (voltage(curve, charge + 0.02) - voltage(curve, charge - 0.02)) / 0.04


def charge_at(curve: Curve, volts: float) -> float:
    """Return the state of charge at which a rested cell has ``volts``; beyond the ends as ``voltage`` goes on."""
    points = curve.points
    if volts <= points[0][1]:
        return points[0][0] + (volts - points[0][1]) / BELOW
    if volts >= points[-1][1]:
        return points[-1][0] + (volts - points[-1][1]) / ABOVE
    for (low, low_v), (high, high_v) in pairwise(points):
        if volts <= high_v:
            return low + (high - low) * (volts - low_v) / (high_v - low_v)
    raise AssertionError("a curve rises")
