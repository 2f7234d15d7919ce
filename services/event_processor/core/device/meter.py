"""The sums of a battery: charge, energy and cycles, from one frame to the next.

Rules:
1. Between two readings a current is taken to change linearly.
2. Nothing is summed over a silence: longer than ``longest_gap_s`` and more than five of the device's own steps.
3. A cycle is as much charge drawn as the battery holds: by current and capacity where both are known, else by the
   gauge's percent, where a change smaller than its step does not count.
"""

from __future__ import annotations

from typing import NamedTuple

from services.event_processor.core.device.memory import Numbers

FEW_STEPS = 5
SMOOTH_S = 60.0  # time constant of the current that the runtime is estimated from


class Meter(NamedTuple):
    """The remembered sums, in this order; None: not seen yet. ``charge`` in Ah, ``energy`` in Wh."""

    step_s: float = 0.0
    amps: float | None = None
    volts: float | None = None
    load_w: float | None = None
    charge_in: float = 0.0
    charge_out: float = 0.0
    energy_in: float = 0.0
    energy_out: float = 0.0
    output_energy: float = 0.0
    percent: float | None = None
    cycles: float = 0.0
    reported_cycles: float = 0.0
    smooth_a: float | None = None


def read_meter(numbers: Numbers | None) -> Meter:
    """Return the remembered meter, or a new one."""
    if isinstance(numbers, Meter):
        return numbers
    return Meter() if numbers is None else Meter(*numbers)  # type: ignore[arg-type]  # as Meter wrote them


class MeterReading(NamedTuple):
    """One frame: battery current (positive charges) and voltage, power into the load, state of charge."""

    amps: float | None
    volts: float | None
    load_w: float | None
    percent: float | None


def covers(meter: Meter, elapsed_s: float, longest_gap_s: float) -> bool:
    """Whether a step is short enough to be summed over."""
    return 0 < elapsed_s <= longest_gap_s or 0 < elapsed_s <= FEW_STEPS * meter.step_s


def run_on(
    meter: Meter, reading: MeterReading, elapsed_s: float, covered: bool, percent_step: float, capacity_ah: float | None
) -> Meter:
    """Return the meter after ``reading``, ``elapsed_s`` after the one before; ``covered``: the step is summed over."""
    _, amps, volts, load_w, charge_in, charge_out, energy_in, energy_out, energy, held, cycles, reported, smooth = meter
    now_a, now_v, now_w, percent = reading
    drawn = dropped = 0.0
    if covered:
        hours = elapsed_s / 3600
        if amps is not None and now_a is not None:
            into, drawn = _sums(amps, now_a, hours)
            charge_in += into
            charge_out += drawn
            if volts is not None and now_v is not None:
                into, out = _sums(amps * volts, now_a * now_v, hours)
                energy_in += into
                energy_out += out
        if load_w is not None and now_w is not None:
            energy += (load_w + now_w) / 2 * hours
    if percent is not None:
        if held is None or percent >= held + percent_step:
            held = percent
        elif percent <= held - percent_step:
            held, dropped = percent, held - percent
    cycles += drawn / capacity_ah if capacity_ah is not None and now_a is not None else dropped / 100
    if now_a is None or smooth is None or smooth * now_a < 0:
        smooth = now_a
    else:
        smooth = now_a + (smooth - now_a) * SMOOTH_S / (SMOOTH_S + elapsed_s)
    return Meter(  # in the order of its fields
        elapsed_s,
        now_a,
        now_v,
        now_w,
        charge_in,
        charge_out,
        energy_in,
        energy_out,
        energy,
        held,
        cycles,
        reported,
        smooth,
    )


def _sums(before: float, now: float, hours: float) -> tuple[float, float]:
    """Return the amounts in and out along the straight line between two values; both at least 0."""
    if before >= 0 and now >= 0:
        return (before + now) / 2 * hours, 0.0
    if before <= 0 and now <= 0:
        return 0.0, -(before + now) / 2 * hours
    share = before / (before - now)  # where the line crosses zero
    first, second = abs(before) / 2 * share * hours, abs(now) / 2 * (1 - share) * hours
    return (first, second) if before > 0 else (second, first)
