"""What a battery has done and what it still can: cycles, energy, resistance, capacity, runtime left.

Rules:
1. ``cycle`` is told whenever the equivalent full cycles (``core.meter``) pass a whole number; the fraction is kept.
2. Resistance: two frames within 15 s whose currents differ by 0.3 A or more; the median of the newest nine.
3. Capacity: once the state of charge has sunk by 40 % without rising by 2 %, charge drawn by share lost.
4. Runtime left, while discharging: by current and capacity; else by the gauge's own rate; else by how fast the state
   of charge has sunk in this outage, once it has sunk by 2 %. Down to ``reserve_percent``.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import cast

from services.event_processor.core.kinds.power import ON_BATTERY, outage_began
from services.event_processor.core.latch import OFF
from services.event_processor.core.look import Look
from services.event_processor.core.meter import Meter, Reading, read_meter, run_on
from services.event_processor.core.rules import Wear

METER, RESISTANCE, DRAIN, CAPACITY = "meter", "resistance", "drain", "capacity"
STEP_A, STEP_WITHIN_S, STEPS_KEPT = 0.3, 15.0, 9
MOST_MOHM = 2000.0
DRAIN_PERCENT, RISE_PERCENT, SLOPE_PERCENT = 40.0, 2.0, 2.0
IDLE_A = 0.05


def find_wear(look: Look, name: str, rule: Wear) -> None:
    """The sums, and one event for each whole cycle."""
    values = look.values
    reading = Reading(
        look.number("battery_current") if "battery_current" in values else None,
        look.number("battery_voltage"),
        look.number("output_power") if "output_power" in values or "output_current" in values else None,
        look.number("state_of_charge") if "state_of_charge" in values else None,
    )
    kept = look.numbers.get(METER)
    meter = read_meter(kept)
    if kept is not None and _is_quiet(meter, reading, rule.charge_step_percent):
        return
    elapsed_s = look.steady_s - look.before.steady_s
    capacity_mah = look.device.capacity_mah
    capacity_ah = None if capacity_mah is None else capacity_mah / 1000
    after = run_on(meter, reading, elapsed_s, rule.longest_gap_s, rule.charge_step_percent, capacity_ah)
    if reading.amps is not None:
        _resistance(look, meter, reading, elapsed_s)
        _drain(look, after, reading.percent)
    if int(after.cycles) > after.told:
        after = after._replace(told=float(int(after.cycles)))
        look.tell(rule.cycle, name, _told(look, after, reading))
    look.note(METER, after)


def _is_quiet(meter: Meter, reading: Reading, step: float) -> bool:
    """Say whether a frame has nothing to sum: no current, no load, and a percent that has not moved by a step."""
    if reading.amps is not None or reading.load_w is not None or meter.amps is not None or meter.load_w is not None:
        return False
    if reading.percent is None or meter.percent is None:
        return reading.percent is None
    return abs(reading.percent - meter.percent) < step


def _told(look: Look, meter: Meter, reading: Reading) -> dict[str, float | str | None]:
    by_charge = look.device.capacity_mah is not None and reading.amps is not None
    return {
        "cycles": int(meter.told),
        "source": "battery_current" if by_charge else "state_of_charge",
        "charge_out": round(meter.charge_out, 3) if reading.amps is not None else None,
        "capacity_mah": look.device.capacity_mah,
        "capacity_seen": look.said("capacity_seen"),
        "battery_health": look.said("battery_health"),
        "internal_resistance": look.said("internal_resistance"),
    }


def _resistance(look: Look, before: Meter, now: Reading, elapsed_s: float) -> None:
    if before.amps is None or before.volts is None or now.amps is None or now.volts is None:
        return
    step = now.amps - before.amps
    if -STEP_A < step < STEP_A or not 0 < elapsed_s <= STEP_WITHIN_S:
        return
    mohm = (now.volts - before.volts) / step / look.device.cells * 1000
    if 0 < mohm < MOST_MOHM:
        look.note(RESISTANCE, (*(look.noted(RESISTANCE) or ()), round(mohm, 3))[-STEPS_KEPT:])


def _drain(look: Look, meter: Meter, percent: float | None) -> None:
    """Follow the state of charge down from its highest, by whole percents."""
    if percent is None:
        return
    drawn = meter.charge_out - meter.charge_in
    drain = look.noted(DRAIN)
    high, drawn_at_high, low = cast("tuple[float, float, float]", drain) if drain else (percent, drawn, percent)
    if percent > high or percent >= low + RISE_PERCENT:
        high, drawn_at_high, low = percent, drawn, percent
    elif percent <= low - 1:
        low = percent
        if high - low >= DRAIN_PERCENT:
            look.note(CAPACITY, (round((drawn - drawn_at_high) / (high - low) * 100_000, 1),))
    if (high, drawn_at_high, low) != drain:
        look.note(DRAIN, (high, drawn_at_high, low))


def internal_resistance(look: Look) -> float | None:
    """Return the resistance of one cell, mΩ; None before the first step of the load."""
    samples = look.noted(RESISTANCE)
    return median(sample for sample in samples if sample is not None) if samples else None


def capacity_seen(look: Look) -> float | None:
    """Return the capacity by the last deep discharge, mAh; None before one."""
    return (look.noted(CAPACITY) or (None,))[0]


def battery_health(look: Look) -> float | None:
    """Return the capacity seen by the capacity configured, %."""
    seen, sold = capacity_seen(look), look.device.capacity_mah
    return None if seen is None or sold is None else 100 * seen / sold


def charge_cycles(look: Look) -> float | None:
    """Return the equivalent full cycles so far."""
    kept = look.noted(METER)
    return None if kept is None else read_meter(kept).cycles


def total(name: str) -> Callable[[Look], float | None]:
    """Return what tells one of the meter's sums."""
    place = Meter._fields.index(name)

    def summed(look: Look) -> float | None:
        kept = look.noted(METER)
        return None if kept is None else kept[place]

    return summed


def runtime_left_s(look: Look) -> float | None:
    """Return how long the battery lasts at the present load, s; None while it is not discharging or nobody can say."""
    percent = look.number("state_of_charge")
    if percent is None or not _discharging(look):
        return None
    left = max(percent - look.device.reserve_percent, 0.0)
    for rate in (_by_current(look), _by_gauge(look), _by_outage(look, percent)):
        if rate is not None:
            return min(left / rate, 1e7)
    return None


def _discharging(look: Look) -> bool:
    current = look.number("battery_current")
    return look.latches.get(ON_BATTERY, OFF).raw if current is None else current < -IDLE_A


def _by_current(look: Look) -> float | None:
    capacity, kept = look.device.capacity_mah, look.noted(METER)
    amps = None if kept is None else read_meter(kept).smooth_a
    return None if capacity is None or amps is None or amps >= 0 else -amps * 1000 / capacity * 100 / 3600


def _by_gauge(look: Look) -> float | None:
    rate = look.number("charge_rate")
    return None if rate is None or rate >= 0 else -rate / 3600


def _by_outage(look: Look, percent: float) -> float | None:
    began = outage_began(look)
    if began is None:
        return None
    at_s, from_percent = began
    if from_percent is None or from_percent - percent < SLOPE_PERCENT or look.steady_s <= at_s:
        return None
    return (from_percent - percent) / (look.steady_s - at_s)
