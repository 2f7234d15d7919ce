"""Channels computed where no chip gives them, from one frame's channels, the device's facts and its memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from services.event_processor.core.channels.battery_estimates import (
    battery_health,
    battery_health_confirmed,
    capacity_seen,
    capacity_uncertainty,
    charge_cycles,
    internal_resistance,
    runtime_left_s,
    total,
)
from services.event_processor.core.channels.battery_forecast import charge_source, estimated_capacity, gauge_doubt, part
from services.event_processor.core.channels.declared import Derived
from services.event_processor.core.channels.frame_context import Formula, FrameContext, is_mains_ups
from shared.climate import psychrometrics
from shared.quantities import QUANTITIES


def _of(*channels: str) -> Callable[[Callable[..., float | None]], Callable[[FrameContext], float | None]]:
    """Wrap a function of channels' numbers; None where one is missing, or where they are beyond all computation."""

    def wrap(compute: Callable[..., float | None]) -> Callable[[FrameContext], float | None]:
        def computed(context: FrameContext) -> float | None:
            numbers = [*map(context.number, channels)]
            if None in numbers:
                return None
            try:
                found = compute(*numbers)
            except (ArithmeticError, ValueError):  # air of a million degrees
                return None
            return found if found is None or math.isfinite(found) else None

        return computed

    return wrap


def _cell_voltage(context: FrameContext) -> float | None:
    if not context.device.battery_known and is_mains_ups(context):
        return None  # 27 V of lead over the default's one Li-ion cell is no overvoltage
    pack = context.number("battery_voltage")
    if pack is None:
        return None
    cell = pack / context.device.cells
    return cell if cell <= MOST_CELL_V else None  # else the number of cells is wrong, and nothing is known of one


def _product(first: float, second: float) -> float:
    return first * second


def _load(volts: float, amps: float) -> float:
    return max(volts * amps, 0.0)


def _c_rate(context: FrameContext) -> float | None:
    current, capacity = context.number("battery_current"), context.device.capacity_mah
    return None if current is None or capacity is None else current * 1000 / capacity


def _leaf_temperature(context: FrameContext) -> float | None:
    air, offset = context.number("air_temperature"), context.device.leaf_offset_c
    return None if air is None or offset is None else air + offset


MOST_CELL_V = QUANTITIES["cell_voltage"].high
AIR = ("air_temperature", "relative_humidity")
VOLTAGE = (("battery_voltage",),)
BATTERY = (("battery_current",), ("state_of_charge",), ("charge_rate",))

FORMULAS: dict[str, Formula] = {
    # channel → the channels it needs, how it is worked out
    "cell_voltage": Formula((("battery_voltage",),), _cell_voltage, steady=True),
    "battery_power": Formula(
        (("battery_voltage", "battery_current"),), _of("battery_voltage", "battery_current")(_product)
    ),
    "output_power": Formula((("output_voltage", "output_current"),), _of("output_voltage", "output_current")(_load)),
    "c_rate": Formula((("battery_current",),), _c_rate),
    "vapour_pressure_deficit": Formula((AIR,), _of(*AIR)(psychrometrics.deficit_kpa), steady=True),
    "leaf_temperature": Formula((("air_temperature",),), _leaf_temperature, shown=False),
    "leaf_vapour_pressure_deficit": Formula((AIR,), _of(*AIR, "leaf_temperature")(psychrometrics.leaf_deficit_kpa)),
    "dew_point": Formula((AIR,), _of(*AIR)(psychrometrics.dew_point_c)),
    "absolute_humidity": Formula((AIR,), _of(*AIR)(psychrometrics.absolute_humidity_g_m3)),
    "runtime_left_s": Formula(BATTERY, runtime_left_s),
    "estimated_charge": Formula(VOLTAGE, part("charge", "middle")),
    "estimated_charge_low": Formula(VOLTAGE, part("charge", "low")),
    "estimated_charge_high": Formula(VOLTAGE, part("charge", "high")),
    "estimated_runtime_s": Formula(VOLTAGE, part("runtime", "middle")),
    "estimated_runtime_low_s": Formula(VOLTAGE, part("runtime", "low")),
    "estimated_runtime_high_s": Formula(VOLTAGE, part("runtime", "high")),
    "usual_runtime_s": Formula(VOLTAGE, part("usual_runtime", "middle")),
    "usual_runtime_low_s": Formula(VOLTAGE, part("usual_runtime", "low")),
    "usual_runtime_high_s": Formula(VOLTAGE, part("usual_runtime", "high")),
    "estimated_time_to_full_s": Formula(VOLTAGE, part("to_full", "middle")),
    "estimated_time_to_full_low_s": Formula(VOLTAGE, part("to_full", "low")),
    "estimated_time_to_full_high_s": Formula(VOLTAGE, part("to_full", "high")),
    "estimated_capacity": Formula(VOLTAGE, estimated_capacity),
    "estimated_charge_source": Formula(VOLTAGE, charge_source),
    "state_of_charge_doubt": Formula((("state_of_charge", "battery_voltage"),), gauge_doubt),
    "internal_resistance": Formula((("battery_current",),), internal_resistance),
    "capacity_seen": Formula((("battery_current",),), capacity_seen),
    "capacity_uncertainty": Formula((("battery_current",),), capacity_uncertainty),
    "battery_health": Formula((("battery_current",),), battery_health),
    "battery_health_confirmed": Formula((("battery_current",), ("battery_health",)), battery_health_confirmed),
    "charge_cycles": Formula(BATTERY, charge_cycles),
    "charge_in": Formula((("battery_current",),), total("charge_in")),
    "charge_out": Formula((("battery_current",),), total("charge_out")),
    "energy_in": Formula((("battery_current",),), total("energy_in")),
    "energy_out": Formula((("battery_current",),), total("energy_out")),
    "output_energy": Formula((("output_power",), ("output_current",)), total("output_energy")),
}


def _difference(numbers: Sequence[float]) -> float:
    return numbers[0] - sum(numbers[1:])


def _ratio(numbers: Sequence[float]) -> float | None:
    below = math.prod(numbers[1:])
    return None if below == 0 else numbers[0] / below


OPERATIONS: dict[str, Callable[[Sequence[float]], float | None]] = {
    "sum": sum,
    "difference": _difference,
    "product": math.prod,
    "ratio": _ratio,
    "mean": lambda numbers: sum(numbers) / len(numbers),
    "lowest": min,
    "highest": max,
}


def derive(rule: Derived) -> Formula:
    """Return the formula of a declared channel. It gives None where an input is missing, or for a division by zero."""
    operation = OPERATIONS[rule.op]

    def compute(context: FrameContext) -> float | None:
        numbers = [number for channel in rule.of if (number := context.number(channel)) is not None]
        if len(numbers) < len(rule.of):
            return None
        value = operation(numbers)
        return None if value is None or not math.isfinite(value) else round(value, rule.decimals)

    return Formula((rule.of,), compute)


def available(shown: frozenset[str], formulas: Mapping[str, Formula]) -> frozenset[str]:
    """Return these channels and all that can be computed from them."""
    while True:
        more = {
            name
            for name, formula in formulas.items()
            if name not in shown and any(shown.issuperset(group) for group in formula.inputs)
        }
        if not more:
            return shown
        shown = shown | more
