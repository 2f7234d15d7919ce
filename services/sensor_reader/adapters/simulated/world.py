"""What is simulated: mains, a lithium pack with its charger, and a processor. Pure functions of state and time.

Rules:
1. The pack's terminal voltage is its open-circuit voltage plus or minus current times resistance, so it sags
   under load and lifts the moment the mains return, as real packs do.
2. The charger is constant current, then constant voltage until C/20 (it stops and tops up again below 4.10 V).
3. The load is constant power, as a computer behind a converter is.
4. Noise comes from a hash of step and channel: the same step always gives the same noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

# Open-circuit voltage of a 4.20 V cell by state of charge: rested 18650 (NMC) as commonly published.
OCV = (
    (0.00, 3.00), (0.03, 3.30), (0.06, 3.42), (0.10, 3.50), (0.20, 3.60), (0.30, 3.66), (0.40, 3.71),
    (0.50, 3.77), (0.60, 3.85), (0.70, 3.94), (0.80, 4.03), (0.90, 4.11), (1.00, 4.20),
)  # fmt: skip
FULL_V = 4.20
TOP_UP_V = 4.10
CONVERTER = 0.88  # efficiency of the 5 V step-up converter
WARMS_C_PER_W = 4.0
WARMS_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Pack:
    """The battery and its charger; voltages are per cell, resistance too."""

    cells: int = 1
    capacity_ah: float = 5.0
    resistance_ohm: float = 0.06
    charge_a: float = 2.0


@dataclass(frozen=True, slots=True)
class Conditions:
    """What happens from outside. ``supply`` is how much of the load the mains carry while they are there."""

    mains: bool = True
    supply: float = 1.0
    load_w: float = 6.0
    ambient_c: float = 25.0
    cooling: float = 1.0


@dataclass(frozen=True, slots=True)
class World:
    """The state at one moment. ``current_a`` is positive while the pack charges; ``voltage_v`` is the pack's."""

    charge: float
    cpu_c: float = 49.0
    charging: bool = False
    voltage_v: float = 0.0
    current_a: float = 0.0
    mains: bool = True


def open_circuit_v(charge: float) -> float:
    """Return a rested cell's voltage at ``charge`` (0 to 1)."""
    for (low, low_v), (high, high_v) in pairwise(OCV):
        if charge <= high:
            return low_v + (high_v - low_v) * (max(charge, low) - low) / (high - low)
    return OCV[-1][1]


def advance(world: World, pack: Pack, conditions: Conditions, step_s: float) -> World:
    """Return the world ``step_s`` seconds on, under constant conditions."""
    rest_v = open_circuit_v(world.charge)
    charging = conditions.mains and conditions.supply >= 1.0 and _goes_on(world, pack, rest_v)
    if charging:
        current = _charge_a(pack, rest_v)
    else:
        carried = conditions.supply if conditions.mains else 0.0
        current = -_discharge_a(pack, rest_v, max(1.0 - carried, 0.0) * conditions.load_w)
    charge = min(max(world.charge + current * step_s / 3600 / pack.capacity_ah, 0.0), 1.0)
    target = conditions.ambient_c + WARMS_C_PER_W * conditions.load_w / conditions.cooling
    return replace(
        world,
        charge=charge,
        charging=charging,
        current_a=current,
        voltage_v=pack.cells * (rest_v + current * pack.resistance_ohm),
        cpu_c=target + (world.cpu_c - target) * math.exp(-step_s / WARMS_WITHIN_S),
        mains=conditions.mains,
    )


def in_series(pack: Pack, cells: int) -> Pack:
    """Return a 1S ``pack`` rewired: as much energy in ``cells`` in series, and each cell feels the same."""
    return Pack(cells, pack.capacity_ah / cells, pack.resistance_ohm * cells, pack.charge_a / cells)


def noise(step: int, channel: int) -> float:
    """Return a number from -1 to 1 that depends on nothing else (a 32-bit integer hash)."""
    mixed = (step * 0x9E3779B1 + channel * 0x85EBCA77 + 0x1B873593) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 15)) * 0x846CA68B) & 0xFFFFFFFF
    return ((mixed ^ (mixed >> 16)) & 0xFFFFFFFF) / 0x7FFFFFFF - 1.0


def _goes_on(world: World, pack: Pack, rest_v: float) -> bool:
    if world.charging:
        return _charge_a(pack, rest_v) > pack.capacity_ah / 20
    return rest_v < TOP_UP_V


def _charge_a(pack: Pack, rest_v: float) -> float:
    return min(pack.charge_a, max(FULL_V - rest_v, 0.0) / pack.resistance_ohm)


def _discharge_a(pack: Pack, rest_v: float, load_w: float) -> float:
    """Solve P = V · I with V = rest - I · R, per cell."""
    watts = load_w / CONVERTER / pack.cells
    room = rest_v * rest_v - 4 * watts * pack.resistance_ohm
    return (rest_v - math.sqrt(max(room, 0.0))) / (2 * pack.resistance_ohm)
