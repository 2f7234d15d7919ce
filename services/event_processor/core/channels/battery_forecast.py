"""The forecast of a battery as channels: charge, runtime and time to full, with their bounds.

An estimate is left out, bounds and all, where its upper bound would be more than ``USELESS`` times the lower one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, cast

from services.event_processor.core.channels.frame_context import FrameContext, is_mains_ups
from services.event_processor.core.device.keys import DAILY_LOAD, FORECAST, GAUGE, LIFE, MONTHS
from services.event_processor.core.device.memory import Numbers
from services.event_processor.core.forecast.charge import GAUGE_ERROR, GAUGE_ERROR_FULL, BatteryModel, Charge, Track
from services.event_processor.core.forecast.daily_load import NO_LOADS, DailyLoad, lasts_s
from services.event_processor.core.forecast.gauge import Gauge, doubt
from services.event_processor.core.forecast.kalman import Belief, remaining
from services.event_processor.core.forecast.life import CapacitySample, Life, capacity_ah
from services.event_processor.core.forecast.months import Month, Months
from services.event_processor.core.forecast.runtime import NINE_IN_TEN, Interval, left, to_full

USELESS = 12.0
CHARGE_ERROR = {"current": 0.01, "power": 0.025, "voltage": 0.04}  # least errors by source, whatever the filter says
MEMO = "forecast"


def battery_of(context: FrameContext) -> BatteryModel | None:
    """Return the battery's model; None where chemistry or cells are unknown."""
    device = context.device
    return None if not device.battery_known and is_mains_ups(context) else device.battery


def measured_by(context: FrameContext) -> str:
    """Return which measurement gives the load: ``current``, ``power`` or ``voltage``."""
    if "battery_current" in context.values:
        return "current"
    return "power" if context.number("output_power") is not None else "voltage"


def read_track(context: FrameContext) -> Track | None:
    """Return the track of the charge from the device's memory; None before the first frame."""
    kept = context.numbers.get(FORECAST)
    if kept is None or isinstance(kept, Track):
        return kept
    charge, *rest = cast("tuple[list[float | None], float, float, float, float, float, float]", kept)
    belief, *numbers = cast("tuple[list[float], float]", charge)
    return Track(Charge(Belief(*belief), *numbers), *rest)


def read_gauge(context: FrameContext) -> Gauge | None:
    """Return the state of the gauge's percentage from the device's memory; None before the first."""
    kept = context.numbers.get(GAUGE)
    return kept if kept is None or isinstance(kept, Gauge) else Gauge(*cast("tuple[float, float, float]", kept))


def read_life(numbers: Mapping[str, Numbers]) -> Life:
    """Return the capacities from a device's memory."""
    kept = cast("tuple[list[float], ...]", numbers.get(LIFE) or ())
    return tuple(CapacitySample(*one) for one in kept)


def read_months(numbers: Mapping[str, Numbers]) -> Months | None:
    """Return the battery's months from a device's memory; None before the first."""
    kept = numbers.get(MONTHS)
    if kept is None or isinstance(kept, Months):
        return kept
    high, low, hour, months = cast("tuple[float, float, int, list[list[float]]]", kept)
    return Months(high, low, hour, tuple(Month(*month) for month in months))  # type: ignore[arg-type]  # as written


class Estimates(NamedTuple):
    """All estimates at one frame. Charge in percent, capacity in mAh, runtimes in seconds; None: unknown."""

    charge: Interval | None = None
    runtime: Interval | None = None
    usual_runtime: Interval | None = None
    to_full: Interval | None = None
    capacity: float | None = None


def estimates(context: FrameContext) -> Estimates:
    """Return the estimates at this frame, computed once."""
    found = context.memo.get(MEMO)
    if found is None:
        found = context.memo[MEMO] = _estimates(context)
    return cast("Estimates", found)


def _estimates(context: FrameContext) -> Estimates:
    track, battery = read_track(context), battery_of(context)
    if track is None or battery is None or "battery_voltage" not in context.values:
        return Estimates()
    charge, source = track.now, measured_by(context)
    held, spread = charge.belief.charge, (max(charge.belief.charge_var, 0.0) + CHARGE_ERROR[source] ** 2) ** 0.5
    percent = Interval(*(100 * min(max(held + far * NINE_IN_TEN * spread, 0.0), 1.0) for far in (0, -1, 1)))
    life = capacity_ah(read_life(context.numbers))
    known = life is not None or battery.capacity_ah is not None or charge.wholes
    capacity = life or charge.belief.capacity
    return Estimates(
        percent if percent.high - percent.low < 60 else None,
        _useful(left(battery, charge, by_power=source == "power")),
        _useful(_usual(context, charge, source)),
        _useful(to_full(charge)),
        round(capacity * 1000) if known and source != "voltage" else None,
    )


def _useful(interval: Interval | None) -> Interval | None:
    if interval is None or interval.high > USELESS * max(interval.low, 60.0):
        return None
    return interval


def _usual(context: FrameContext, charge: Charge, source: str) -> Interval | None:
    loads: DailyLoad = context.numbers.get(DAILY_LOAD) or NO_LOADS
    amount, spread = remaining(charge.belief)
    amounts = (amount, max(amount - NINE_IN_TEN * spread, 0.0), amount + NINE_IN_TEN * spread)
    if source == "power":
        amounts = tuple(one * charge.volts * context.device.cells for one in amounts)  # type: ignore[assignment]  # Wh
    second = (context.now.hour * 60 + context.now.minute) * 60.0
    lasting = [lasts_s(loads, second, one) for one in amounts]
    middle, low, high = lasting
    return None if middle is None or low is None or high is None else Interval(middle, low, high)


def part(name: str, bound: str) -> Callable[[FrameContext], float | None]:
    """Return a function that reads one bound of an estimate."""

    def read(context: FrameContext) -> float | None:
        interval = getattr(estimates(context), name)
        return None if interval is None else cast("float", getattr(interval, bound))

    return read


def charge_source(context: FrameContext) -> str | None:
    """Return which measurement the estimate rests on: ``current``, ``power`` or ``voltage``; None without one."""
    return None if estimates(context).charge is None else measured_by(context)


def gauge_doubt(context: FrameContext) -> str | None:
    """Return why the gauge's own percentage is doubted, in words; None while it is not."""
    gauge, track = read_gauge(context), read_track(context)
    if gauge is None or track is None or battery_of(context) is None:
        return None
    belief = track.now.belief
    error = GAUGE_ERROR + GAUGE_ERROR_FULL * gauge.share
    return doubt(gauge, belief.charge, max(belief.charge_var, 0.0) ** 0.5, error)


def estimated_capacity(context: FrameContext) -> float | None:
    """Return the capacity from discharges, else from nameplate and voltage, mAh; None where unknown."""
    return estimates(context).capacity
