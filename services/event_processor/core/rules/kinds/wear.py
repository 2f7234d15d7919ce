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
    amps, percent = context.shown_number("battery_current"), context.shown_number("state_of_charge")
    reading = MeterReading(
        amps,
        context.number("battery_voltage"),
        context.number("output_power") if "output_power" in values or "output_current" in values else None,
        percent,
    )
    kept = context.numbers.get(METER)
    meter = read_meter(kept)
    if kept is not None and amps is None and _is_quiet(meter, reading, rule.charge_step_percent):
        return
    elapsed_s, capacity_mah = context.gap_s, context.device.capacity_mah
    capacity_ah = None if capacity_mah is None else capacity_mah / 1000
    covered = covers(meter, elapsed_s, rule.longest_gap_s)
    after = run_on(meter, reading, elapsed_s, covered, rule.charge_step_percent, capacity_ah)
    if amps is not None:
        step_a = 0.0 if meter.amps is None else amps - meter.amps
        if not -STEP_A < step_a < STEP_A:
            _resistance(context, meter, reading, step_a)
        if percent is not None:
            _drain(context, rule, after, percent, covered and meter.amps is not None)
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


def _resistance(context: FrameContext, before: Meter, now: MeterReading, step_a: float) -> None:
    if not 0 < context.gap_s <= STEP_WITHIN_S or before.volts is None or now.volts is None:
        return
    mohm = (now.volts - before.volts) / step_a / context.device.cells * 1000
    if 0 < mohm < MOST_MOHM:
        context.set_numbers(RESISTANCE, (*(context.get_numbers(RESISTANCE) or ()), round(mohm, 3))[-STEPS_KEPT:])


def _drain(context: FrameContext, rule: Wear, meter: Meter, percent: float, summed: bool) -> None:
    """Update the drain, and estimate the capacity from it."""
    before = read_drain(context.numbers.get(DRAIN))
    if summed and before is not None and not context.silent and is_still(before, percent):
        return
    drawn_ah = meter.charge_out - meter.charge_in
    drain = follow(before, DrainStep(percent, drawn_ah, context.steady_s, context.gap_s, summed, context.silent))
    if drain is before:
        return
    if before is None or drain.low != before.low:
        found = estimate(drain, drawn_ah, context.steady_s, context.device.capacity_mah, rule.charge_step_percent)
        if found is not None:
            context.set_numbers(CAPACITY, add(context.get_numbers(CAPACITY), found, drain.estimated > 0))
            drain = drain._replace(estimated=1.0)
    context.set_numbers(DRAIN, drain)
