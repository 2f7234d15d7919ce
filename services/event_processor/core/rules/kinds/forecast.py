"""The battery forecast: every frame with a voltage moves the estimate, each whole discharge adds to the life."""

from __future__ import annotations

from services.event_processor.core.channels.battery_forecast import (
    battery_of,
    read_gauge,
    read_life,
    read_months,
    read_track,
)
from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.device.keys import DAILY_LOAD, FORECAST, GAUGE, LIFE, MONTHS, ON_BATTERY
from services.event_processor.core.device.latch import OFF
from services.event_processor.core.forecast.charge import BatteryModel, BatteryReading, Track, follow, load_of, sum_up
from services.event_processor.core.forecast.daily_load import NO_LOADS
from services.event_processor.core.forecast.daily_load import add as add_load
from services.event_processor.core.forecast.gauge import JUMP, Gauge, after
from services.event_processor.core.forecast.life import CapacitySample, add
from services.event_processor.core.forecast.months import follow as follow_months
from services.event_processor.core.rules.sections import Forecast

FULL_WITHIN_V = 0.06
DAY_S = 86_400
GAUGE_STEP = 0.005  # a smaller change of the gauge is not remembered


def find_forecast(context: FrameContext, _: str, __: Forecast) -> None:
    """Update the estimate of the charge. It emits nothing: its results are channels of the state."""
    volts, battery = context.number("battery_voltage"), battery_of(context)
    if volts is None or battery is None or volts <= 0:
        return
    before, elapsed_s = read_track(context), context.elapsed_s
    amps = context.shown_number("battery_current")
    watts = None if amps is not None else context.number("output_power")
    on_battery = context.latches.get(ON_BATTERY, OFF).known
    percent = context.shown_number("state_of_charge")
    if percent is not None and not _gauge_is_steady(context, percent / 100, before):
        percent = None
    full = on_battery is False and _is_full(context, battery, volts, amps)
    if before is not None and elapsed_s and not full:  # most frames only add up
        load = load_of(volts, amps, watts, on_battery) if amps is None else amps
        summed = sum_up(before, load, volts / battery.cells, elapsed_s)
        if summed is not None:
            context.set_numbers(FORECAST, summed)  # type: ignore[arg-type]  # as below
            return
    track = follow(battery, before, BatteryReading(elapsed_s, volts, amps, watts, percent, on_battery, full))
    context.set_numbers(FORECAST, track)  # type: ignore[arg-type]  # numbers in numbers, which JSON keeps as lists
    if before is None or track.seconds:
        return  # nothing has settled
    _note_load(context, before, watts, on_battery)
    _note_month(context, track)
    if track.charge.wholes > before.charge.wholes:
        _note_life(context, track)


def _gauge_is_steady(context: FrameContext, share: float, before: Track | None) -> bool:
    """Remember what the gauge shows; return whether it may correct the estimate."""
    old = read_gauge(context)
    if old is not None and old.doubt_s <= 0 and -JUMP < share - old.share < JUMP:  # too small for a jump
        if not -GAUGE_STEP < share - old.share < GAUGE_STEP:
            context.set_numbers(GAUGE, Gauge(round(share, 4), 0.0, old.jump))
        return True
    elapsed_s = context.elapsed_s
    flowed = 0.0 if before is None else before.load * elapsed_s / 3600 / before.charge.belief.capacity
    new = after(old, round(share, 4), flowed, elapsed_s)
    context.set_numbers(GAUGE, new)
    return new.doubt_s <= 0


def _is_full(context: FrameContext, battery: BatteryModel, volts: float, amps: float | None) -> bool:
    """Whether a device on mains has a battery at full voltage and without a current."""
    if volts / battery.cells < context.device.chemistry.full_v - FULL_WITHIN_V:
        return False
    if context.values.get("charging") is True:
        return False
    return amps is None or abs(amps) < 0.02 * (battery.capacity_ah or 5.0)


def _note_load(context: FrameContext, before: Track, watts: float | None, on_battery: bool | None) -> None:
    """Add to the usual load: the power into the load at any time, else the battery's own while it discharges."""
    second = (context.now.hour * 60 + context.now.minute) * 60.0 + context.now.second
    load = watts if watts is not None else -before.load if on_battery else None
    if load is not None and load >= 0:
        loads = context.numbers.get(DAILY_LOAD) or NO_LOADS
        context.set_numbers(DAILY_LOAD, add_load(loads, second, load, before.seconds))


def _note_month(context: FrameContext, track: Track) -> None:
    kept = read_months(context.numbers)
    after = follow_months(kept, context.now, track.charge.belief.charge, context.number("battery_temperature"))
    if after is not kept:
        context.set_numbers(MONTHS, after)  # type: ignore[arg-type]  # as above


def _note_life(context: FrameContext, track: Track) -> None:
    charge = track.charge
    nameplate = context.device.capacity_mah
    capacity = charge.whole or charge.belief.capacity
    seen = CapacitySample(
        round(charge.through / (nameplate / 1000 if nameplate else capacity), 3),
        round(capacity, 4),
        round(context.now.timestamp() / DAY_S, 2),
        round(charge.resistance, 5) if charge.steps else None,
        context.number("battery_temperature"),
    )
    context.set_numbers(LIFE, add(read_life(context.numbers), seen))  # type: ignore[arg-type]  # as above
