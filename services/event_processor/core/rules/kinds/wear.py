"""The wear of a battery: cycles, energy, resistance, capacity.

Rules:
1. ``cycle`` is emitted when the equivalent full cycles (``device.meter``) pass a whole number; the fraction is kept.
2. Resistance: two frames within 15 s whose currents differ by 0.3 A or more; the median of the newest nine.
3. Capacity: charge drawn by share of the state of charge lost (``device.drain``).
"""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.device.drain import DrainStep, add, estimate, follow, is_still, read_drain
from services.event_processor.core.device.keys import CAPACITY, DRAIN, METER, RESISTANCE
from services.event_processor.core.device.meter import Meter, MeterReading, covers, read_meter, run_on
from services.event_processor.core.rules.sections import Wear

STEP_A, STEP_WITHIN_S, STEPS_KEPT = 0.3, 15.0, 9
MOST_MOHM = 2000.0


def find_wear(context: FrameContext, name: str, rule: Wear) -> None:
    """Update the sums and estimates; emit an event for each whole cycle."""
    values = context.values
    reading = MeterReading(
        context.shown_number("battery_current"),
        context.number("battery_voltage"),
        context.number("output_power") if "output_power" in values or "output_current" in values else None,
        context.shown_number("state_of_charge"),
    )
    kept = context.numbers.get(METER)
    meter = read_meter(kept)
    if kept is not None and reading.amps is None and _is_quiet(meter, reading, rule.charge_step_percent):
        return
    elapsed_s = context.gap_s
    capacity_mah = context.device.capacity_mah
    capacity_ah = None if capacity_mah is None else capacity_mah / 1000
    after = run_on(meter, reading, elapsed_s, rule.longest_gap_s, rule.charge_step_percent, capacity_ah)
    if reading.amps is not None:
        _resistance(context, meter, reading, elapsed_s)
        _drain(context, rule, meter, after, reading)
    if int(after.cycles) > after.reported_cycles:
        after = after._replace(reported_cycles=float(int(after.cycles)))
        context.emit(rule.cycle, name, _data(context, after, reading))
    context.set_numbers(METER, after)


def _is_quiet(meter: Meter, reading: MeterReading, step: float) -> bool:
    """Whether a frame without a current has nothing to sum: no load, and a percent within a step of the last."""
    if reading.load_w is not None or meter.amps is not None or meter.load_w is not None:
        return False
    if reading.percent is None or meter.percent is None:
        return reading.percent is None
    return abs(reading.percent - meter.percent) < step


def _data(context: FrameContext, meter: Meter, reading: MeterReading) -> dict[str, float | str | None]:
    by_charge = context.device.capacity_mah is not None and reading.amps is not None
    return {
        "cycles": int(meter.reported_cycles),
        "source": "battery_current" if by_charge else "state_of_charge",
        "charge_out": round(meter.charge_out, 3) if reading.amps is not None else None,
        "capacity_mah": context.device.capacity_mah,
        "capacity_seen": context.rounded("capacity_seen"),
        "capacity_uncertainty": context.rounded("capacity_uncertainty"),
        "battery_health": context.rounded("battery_health"),
        "internal_resistance": context.rounded("internal_resistance"),
    }


def _resistance(context: FrameContext, before: Meter, now: MeterReading, elapsed_s: float) -> None:
    if before.amps is None or now.amps is None:
        return
    step = now.amps - before.amps
    if -STEP_A < step < STEP_A or not 0 < elapsed_s <= STEP_WITHIN_S or before.volts is None or now.volts is None:
        return
    mohm = (now.volts - before.volts) / step / context.device.cells * 1000
    if 0 < mohm < MOST_MOHM:
        context.set_numbers(RESISTANCE, (*(context.get_numbers(RESISTANCE) or ()), round(mohm, 3))[-STEPS_KEPT:])


def _drain(context: FrameContext, rule: Wear, meter: Meter, after: Meter, reading: MeterReading) -> None:
    """Update the drain, and estimate the capacity from it."""
    if reading.percent is None:
        return
    before = read_drain(context.numbers.get(DRAIN))
    summed = meter.amps is not None and covers(meter, context.gap_s, rule.longest_gap_s)
    if summed and before is not None and is_still(before, reading.percent) and not context.silent:
        return
    drawn_ah = after.charge_out - after.charge_in
    drain = follow(
        before, DrainStep(reading.percent, drawn_ah, context.steady_s, context.gap_s, summed, context.silent)
    )
    if drain is before:
        return
    if before is None or drain.low != before.low:
        found = estimate(drain, drawn_ah, context.steady_s, context.device.capacity_mah, rule.charge_step_percent)
        if found is not None:
            context.set_numbers(CAPACITY, add(context.get_numbers(CAPACITY), found, drain.estimated > 0))
            drain = drain._replace(estimated=1.0)
    context.set_numbers(DRAIN, drain)
