"""What causes each event type, in words from the rules in force, for docs/events.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from services.event_processor.core.channels.evidence import Evidence
from services.event_processor.core.device.facts import CellLevel, Chemistry, OverLevel
from services.event_processor.core.rules.detections import Absence, Change, Condition, Fault, Level, Limit, Rate, Signal
from services.event_processor.core.rules.sections import CALIBRATION_DUE, CLEARED, EXCEEDED, Rules
from shared.quantities import QUANTITIES

Cause = tuple[str, str]  # event type, what causes it


def causes(rules: Rules, chemistries: Mapping[str, Chemistry]) -> dict[str, list[str]]:
    """Return every cause of each event type, in the order of the rules."""
    found: dict[str, list[str]] = {}
    for event, cause in (*_single(rules, chemistries), *_many(rules)):
        found.setdefault(event, []).append(cause)
    return found


def _single(rules: Rules, chemistries: Mapping[str, Chemistry]) -> Iterator[Cause]:
    if (unclean_shutdown := rules.unclean_shutdown) is not None:
        cause = "a start after a run that did not end cleanly"
        yield from _pairs(
            (unclean_shutdown.event, cause), (unclean_shutdown.lost, cause), (unclean_shutdown.restored, cause)
        )
    if rules.errors is not None:
        yield rules.errors.event, "a poll with an error"
    if rules.quality is not None:
        yield rules.quality.event, f"another quality of a sensor's frames for {rules.quality.for_s:g} s"
    if rules.readings is not None:
        for quantity in QUANTITIES.values():
            if quantity.sensor is not None:
                yield f"sensor.{quantity.sensor}", f"each reading of `{quantity.name}`"
    if rules.calibration is not None:
        yield CALIBRATION_DUE, f"`calibrate_every_days` is over; again every {rules.calibration.every_days:g} days"
    if rules.wear is not None:
        yield rules.wear.cycle, "as much charge drawn as the battery holds"
    yield from _power(rules)
    yield from _trend(rules)
    yield from _battery(rules, chemistries)


def _power(rules: Rules) -> Iterator[Cause]:
    if (power := rules.power) is not None:
        seen = " or ".join(_evidence(evidence) for evidence in power.on_battery)
        yield power.lost, f"{seen}, for {power.lost_after_s:g} s"
        yield power.restored, f"that over for {power.restored_after_s:g} s"
        yield power.blip, f"that for less than {power.lost_after_s:g} s"
        if power.started is not None:
            yield power.started, "on battery from the first frame of a boot on"
    if (charging := rules.charging) is not None:
        yield charging.started, "charging begins: " + " or ".join(_evidence(evidence) for evidence in charging.evidence)
        tail = f"below C × {charging.taper_c_rate:g} for {charging.taper_for_s:g} s at full voltage"
        yield (
            charging.completed,
            f"charging stopped for {charging.stopped_for_s:g} s at a full battery, or current {tail}",
        )


def _trend(rules: Rules) -> Iterator[Cause]:
    if (trend := rules.voltage_trend) is None:
        return
    alone = "of a battery known by its voltage alone: "
    level = f"by more than {trend.enter_v_per_h:g} V an hour and cell{_for(trend.enter_for_s)}"
    over = f"by no more than {trend.leave_v_per_h:g} V an hour and cell{_for(trend.leave_for_s)}"
    yield trend.charging, f"{alone}it rises {level}"
    yield trend.charged, f"{alone}it rises {over}, after it came within {trend.full_within_v:g} V of full"
    yield trend.discharging, f"{alone}it sinks {level}, below `rearm_v`"
    yield trend.discharged, f"{alone}it sinks {over}, or a charge begins"


def _battery(rules: Rules, chemistries: Mapping[str, Chemistry]) -> Iterator[Cause]:
    for name, chemistry in chemistries.items():
        if (battery := rules.battery) is not None:
            gate = f", while {battery.only_while}" if battery.only_while else ""
            yield battery.low, _cell("below", chemistry.low, name) + gate
            yield battery.critical, _cell("below", chemistry.critical, name) + gate
            yield battery.recovered, _cell_clear("above", chemistry.low, name)
        if (cell_limits := rules.cell_limits) is not None and chemistry.over is not None:
            yield from _pairs(
                (cell_limits.over, _cell("above", chemistry.over, name)),
                (cell_limits.over_cleared, _cell_clear("below", chemistry.over, name)),
            )
        if (cell_limits := rules.cell_limits) is not None and chemistry.under is not None:
            yield from _pairs(
                (cell_limits.under, _cell("below", chemistry.under, name)),
                (cell_limits.under_cleared, _cell_clear("above", chemistry.under, name)),
            )


def _pairs(*pairs: tuple[str | None, str]) -> Iterator[Cause]:
    yield from ((event, cause) for event, cause in pairs if event is not None)


def _cell(side: str, level: CellLevel | OverLevel, chemistry: str) -> str:
    return f"{side} {level.enter_v:g} V a cell for {level.enter_for_s:g} s ({chemistry})"


def _cell_clear(side: str, level: CellLevel | OverLevel, chemistry: str) -> str:
    return f"{side} {level.clear_v:g} V a cell for {level.clear_for_s:g} s ({chemistry})"


def _many(rules: Rules) -> Iterator[Cause]:
    for section, _, rule in rules.named():
        entered, left = WORDS[section](rule)
        if isinstance(rule, Limit):
            yield from _pairs((EXCEEDED, entered), (CLEARED, left))
        else:
            yield from _pairs((getattr(rule, "event", None), entered), (getattr(rule, "cleared", None), left))


def _level(rule: Level) -> tuple[str, str]:
    of = getattr(rule, "of", None)
    unit = f" × `{of}`" if of else _unit(rule.channel)
    back = "below" if rule.direction == "above" else "above"
    return (
        f"`{rule.channel}` {rule.direction} {rule.enter:g}{unit}{_for(rule.enter_for_s)}",
        f"`{rule.channel}` {back} {rule.clear:g}{unit}{_for(rule.clear_for_s)}",
    )


def _rate(rule: Rate) -> tuple[str, str]:
    entered, left = _level(rule)
    return f"{entered}, a minute, over {rule.window_s:g} s", f"{left}, a minute"


def _condition(rule: Condition) -> tuple[str, str]:
    parts = [_evidence(evidence) for evidence in rule.all]
    if rule.any:
        parts.append(" or ".join(_evidence(evidence) for evidence in rule.any))
    return " and ".join(parts) + _for(rule.enter_for_s), f"that over{_for(rule.clear_for_s)}"


def _fault(rule: Fault) -> tuple[str, str]:
    signs = [f"frames of quality {', '.join(rule.quality)}"] if rule.quality else []
    signs += [f"errors {', '.join(rule.codes)}"] if rule.codes else []
    seen = " or ".join(signs)
    return seen + _for(rule.enter_for_s), f"no more {seen}{_for(rule.clear_for_s)}"


def _absence(rule: Absence) -> tuple[str, str]:
    what = f"`{rule.channel}`" if rule.channel else "the device"
    return f"{what} not heard of for {rule.after_s:g} s", f"{what} heard of again"


def _signal(rule: Signal) -> tuple[str, str]:
    return f"`{rule.channel}` is {_word(rule.equals)}", ""


def _change(rule: Change) -> tuple[str, str]:
    return f"`{rule.channel}` takes another value{_for(rule.for_s)}", ""


WORDS: dict[str, Callable[[Any], tuple[str, str]]] = {
    "signals": _signal,
    "faults": _fault,
    "conditions": _condition,
    "changes": _change,
    "rates": _rate,
    "absences": _absence,
    "thresholds": _level,
    "limits": _level,
}


def _evidence(evidence: Evidence) -> str:
    if evidence.equals is not None:
        return f"`{evidence.channel}` is {_word(evidence.equals)}"
    side, level = ("above", evidence.above) if evidence.above is not None else ("below", evidence.below)
    return f"`{evidence.channel}` {side} {level:g}{_unit(evidence.channel)}"


def _word(value: bool | str) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def _unit(channel: str) -> str:
    quantity = QUANTITIES.get(channel)
    return f" {quantity.unit}" if quantity else ""


def _for(seconds: float) -> str:
    return f" for {seconds:g} s" if seconds else ""
