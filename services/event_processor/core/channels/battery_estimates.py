"""Estimates from the sums and samples of a battery: health, resistance, cycles and runtime.

The runtime left while discharging, down to ``reserve_percent``, comes from current and capacity; else from the gauge's
own rate; else from how fast the state of charge has fallen in this outage, once it has fallen by ``SLOPE_PERCENT``.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.device.drain import Estimate, confirmed, read_estimates, seen
from services.event_processor.core.device.keys import CAPACITY, METER, ON_BATTERY, OUTAGE, RESISTANCE
from services.event_processor.core.device.latch import OFF
from services.event_processor.core.device.meter import Meter, read_meter
from services.event_processor.core.device.outage import read_outage

SLOPE_PERCENT = 2.0
IDLE_A = 0.05


def internal_resistance(context: FrameContext) -> float | None:
    """Return the resistance of one cell, mΩ; None before the first step of the load."""
    samples = context.get_numbers(RESISTANCE)
    return median(sample for sample in samples if sample is not None) if samples else None


def _seen(context: FrameContext) -> Estimate | None:
    return seen(read_estimates(context.get_numbers(CAPACITY)))


def capacity_seen(context: FrameContext) -> float | None:
    """Return the capacity that the last deep discharges showed, mAh; None before the first."""
    found = _seen(context)
    return None if found is None else found.mah


def capacity_uncertainty(context: FrameContext) -> float | None:
    """Return the uncertainty of ``capacity_seen``, mAh; None before the first."""
    found = _seen(context)
    return None if found is None else found.uncertain_mah


def battery_health(context: FrameContext) -> float | None:
    """Return ``capacity_seen`` as a share of the configured capacity, %; None without either."""
    return _of_sold(context, capacity_seen(context))


def battery_health_confirmed(context: FrameContext) -> float | None:
    """Return the gauge's own health, %; else that of the capacity on which several discharges agree; else None."""
    reported = context.values.get("battery_health")
    if reported is not None and isinstance(reported, float | int):
        return float(reported)
    kept = context.numbers.get(CAPACITY)
    return None if kept is None else _of_sold(context, confirmed(read_estimates(kept)))


def _of_sold(context: FrameContext, mah: float | None) -> float | None:
    sold = context.device.capacity_mah
    return None if mah is None or sold is None else 100 * mah / sold


def charge_cycles(context: FrameContext) -> float | None:
    """Return the equivalent full cycles so far."""
    kept = context.get_numbers(METER)
    return None if kept is None else read_meter(kept).cycles


def total(name: str) -> Callable[[FrameContext], float | None]:
    """Return a function that reads one of the meter's sums."""
    place = Meter._fields.index(name)

    def summed(context: FrameContext) -> float | None:
        kept = context.get_numbers(METER)
        return None if kept is None else kept[place]

    return summed


def runtime_left_s(context: FrameContext) -> float | None:
    """Return how long the battery lasts at the present load, s; None while not discharging, or where unknown."""
    percent = context.number("state_of_charge")
    if percent is None or not _discharging(context):
        return None
    left = max(percent - context.device.reserve_percent, 0.0)
    for rate in (_by_current(context), _by_gauge(context), _by_outage(context, percent)):
        if rate is not None:
            return min(left / rate, 1e7)
    return None


def _discharging(context: FrameContext) -> bool:
    current = context.number("battery_current")
    return context.latches.get(ON_BATTERY, OFF).raw if current is None else current < -IDLE_A


def _by_current(context: FrameContext) -> float | None:
    capacity, kept = context.device.capacity_mah, context.get_numbers(METER)
    amps = None if kept is None else read_meter(kept).smooth_a
    return None if capacity is None or amps is None or amps >= 0 else -amps * 1000 / capacity * 100 / 3600


def _by_gauge(context: FrameContext) -> float | None:
    rate = context.number("charge_rate")
    return None if rate is None or rate >= 0 else -rate / 3600


def _by_outage(context: FrameContext, percent: float) -> float | None:
    began = outage_began(context)
    if began is None:
        return None
    at_s, from_percent = began
    if from_percent is None or from_percent - percent < SLOPE_PERCENT or context.steady_s <= at_s:
        return None
    return (from_percent - percent) / (context.steady_s - at_s)


def outage_began(context: FrameContext) -> tuple[float, float | None] | None:
    """Return when the present outage began, on the device's steady clock, and the state of charge then."""
    kept = read_outage(context.get_numbers(OUTAGE))
    return None if kept is None else (kept.began_s, kept.percent)
