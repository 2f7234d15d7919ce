"""Charges and discharges of a battery that only its voltage is known of.

Rules:
1. A device that shows a current, a power, a gauge, or the state of its mains or charger is left out (``WITNESSES``):
   those are better evidence.
2. Voltages are averaged over a twelfth of ``window_s``; if the device is read less often, each reading counts. The
   slope is the median of the slopes of all pairs of the newest twelve averages (Theil and Sen), so that neither an
   intermittent load nor a few odd readings turn it. It is unknown before ``LEAST`` averages, and after a silence.
3. To begin, a slope must move the voltage, over the window, by more than ``CLEAR`` times the scatter of the averages
   about it; to continue, by more than the scatter.
4. A charge begins after the slope was above ``enter_v_per_h`` for ``enter_for_s``, and ends when it has been at or
   below ``leave_v_per_h`` for ``leave_for_s``; a discharge likewise downward. The dwell outlasts the recovery after a
   load, which slows down within minutes; the gap between the levels spans the flat middle of a discharge.
5. A discharge begins below the chemistry's ``rearm_v`` only: a full battery that falls to its rest voltage gives no
   charge.
6. A charge that has brought the cells within ``full_within_v`` of full ends as completed; any other ends without an
   event. A charge ends a discharge, and the reverse.
"""

from __future__ import annotations

from itertools import combinations
from statistics import median
from typing import Any

from services.event_processor.core.channels.frame_context import FrameContext, reports_low_battery, round_channel, since
from services.event_processor.core.device.keys import RISING, SINKING, TREND
from services.event_processor.core.device.latch import OFF, Latch
from services.event_processor.core.device.memory import Numbers
from services.event_processor.core.rules.sections import VoltageTrend

WITNESSES = frozenset({
    "ac_present", "charging", "battery_current", "battery_power", "charge_current", "charge_rate", "state_of_charge",
    "output_power", "output_current", "output_load", "input_voltage", "input_current", "remaining_capacity",
})  # fmt: skip
KEPT, LEAST, CLEAR = 12, 6, 3.0
HOUR_S = 3600.0
# Numbers before the averages: beginning, sums of volts and of seconds, and count of the present one; slope; scatter;
# the highest voltage since a charge began.
HEAD, SLOPE, SCATTER, HIGHEST = 7, 4, 5, 6
FRESH = (0.0,) * HEAD


def find_voltage_trend(context: FrameContext, name: str, rule: VoltageTrend) -> None:
    """Emit beginning and end of each charge and discharge, from the voltage of a cell alone."""
    kept = context.numbers.get(TREND) or ()
    if not kept and not WITNESSES.isdisjoint(context.values):
        return
    cell_v = context.number("cell_voltage")
    if cell_v is None:
        return
    if _is_witnessed(context):
        if kept:
            context.drop_latches(RISING, SINKING)
            context.set_numbers(TREND, ())
        return
    after = _next(context, rule, () if context.silent else kept, cell_v)
    context.set_numbers(TREND, after)
    slope, scatter = after[SLOPE], after[SCATTER]
    if slope is not None and scatter is not None:
        _judge(context, name, rule, slope, scatter, cell_v)


def _is_witnessed(context: FrameContext) -> bool:
    return (
        not WITNESSES.isdisjoint(context.values)
        or not WITNESSES.isdisjoint(context.seen)
        or reports_low_battery(context)
    )


def _next(context: FrameContext, rule: VoltageTrend, kept: Numbers, cell_v: float) -> Numbers:
    """Return the numbers with this reading; a completed average joins the newest, with a new slope."""
    now_s = context.steady_s
    begin, volts, seconds, count, slope, scatter, highest = (number or 0.0 for number in kept[:HEAD]) if kept else FRESH
    averages = kept[HEAD:]
    slope_known = bool(kept) and kept[SLOPE] is not None
    if count and now_s - begin >= rule.window_s / KEPT:
        averages = (*averages, begin + seconds / count, volts / count)[-2 * KEPT :]
        found = _theil_sen([number or 0.0 for number in averages])
        slope_known = found is not None
        slope, scatter = found or (0.0, 0.0)
        count = 0.0
    if not count:
        begin, volts, seconds = now_s, 0.0, 0.0
    known = (slope, scatter) if slope_known else (None, None)
    return (begin, volts + cell_v, seconds + now_s - begin, count + 1, *known, max(highest, cell_v), *averages)


def _theil_sen(averages: list[float]) -> tuple[float, float] | None:
    """Return the slope, V/h, and the scatter about it as a share of its change over the window; None if unknown."""
    times, volts = averages[::2], averages[1::2]
    pairs = combinations(zip(times, volts, strict=True), 2)
    slopes = [(later_v - v) / (later_s - s) for (s, v), (later_s, later_v) in pairs if later_s > s]
    if len(times) < LEAST or not slopes:
        return None
    slope = median(slopes)
    rests = [v - slope * s for s, v in zip(times, volts, strict=True)]
    middle = median(rests)
    moved = abs(slope) * (times[-1] - times[0])
    scatter = median(abs(rest - middle) for rest in rests)
    return slope * HOUR_S, scatter / moved if moved else 1.0


def _judge(context: FrameContext, name: str, rule: VoltageTrend, slope: float, scatter: float, cell_v: float) -> None:
    was_rising, was_sinking = context.latches.get(RISING, OFF), context.latches.get(SINKING, OFF)
    used = was_sinking.on or cell_v < context.device.chemistry.rearm_v
    rising = _turn(context, rule, RISING, slope, scatter)
    sinking = _turn(context, rule, SINKING, -slope if used else 0.0, scatter)
    if rising.on and not was_rising.on and sinking.on:
        sinking = _end(context, SINKING, rising)
    elif sinking.on and not was_sinking.on and rising.on:
        rising = _end(context, RISING, sinking)
    data = {"cell_voltage": round_channel("cell_voltage", cell_v), "source": "voltage"}
    if was_sinking.on and not sinking.on:
        context.set_end(SINKING, None)
        context.emit(rule.discharged, f"{name}/discharge", {**data, **_spell(context, was_sinking, sinking)})
    if was_rising.on and not rising.on:
        _charged(context, name, rule, data, (was_rising, rising))
    if rising.on and not was_rising.on:
        _begin_highest(context, cell_v)
        context.emit(rule.charging, f"{name}/charge", {**data, "since": since(rising)})
    if sinking.on and not was_sinking.on:
        context.set_end(SINKING, rule.discharged)
        context.emit(rule.discharging, f"{name}/discharge", {**data, "since": since(sinking)})


def _turn(context: FrameContext, rule: VoltageTrend, latch: str, slope: float, scatter: float) -> Latch:
    old = context.latches.get(latch, OFF)
    level, most = (rule.leave_v_per_h, 1.0) if old.on else (rule.enter_v_per_h, 1 / CLEAR)
    target = slope > level and scatter < most
    if target == old.on and old.pending is None:
        return old
    return context.update_latch(latch, target, rule.enter_for_s, rule.leave_for_s)


def _end(context: FrameContext, latch: str, by: Latch) -> Latch:
    ended = Latch(False, by.began)
    context.set_latch(latch, ended)
    return ended


def _charged(
    context: FrameContext, name: str, rule: VoltageTrend, data: dict[str, Any], turn: tuple[Latch, Latch]
) -> None:
    highest = (context.get_numbers(TREND) or FRESH)[HIGHEST] or 0.0
    if highest >= context.device.chemistry.full_v - rule.full_within_v:
        context.emit(rule.charged, f"{name}/charge", {**data, **_spell(context, *turn), "because": "full_voltage"})


def _begin_highest(context: FrameContext, cell_v: float) -> None:
    numbers = context.get_numbers(TREND) or FRESH
    context.set_numbers(TREND, (*numbers[:HIGHEST], cell_v, *numbers[HEAD:]))


def _spell(context: FrameContext, old: Latch, new: Latch) -> dict[str, Any]:
    return {"since": since(new), "lasted_s": context.lasted_s(old, new)}
