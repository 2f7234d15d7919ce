"""The conditions for each rule's events: tests of channels, a dwell, a gate.

``GOALS`` has a function for each section of the rules. A condition that no test can express (a pattern over time, such
as a session) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from services.event_processor.core.channels.evidence import Evidence
from services.event_processor.core.channels.frame_context import LOW_FLAG, Device
from services.event_processor.core.device.keys import (
    CHARGED,
    CHARGING,
    CRITICAL,
    LOW,
    ON_BATTERY,
    OVER,
    RISING,
    SINKING,
    STARTED,
    UNDER,
)
from services.event_processor.core.rules.compiled import CompiledRules
from services.event_processor.core.rules.kinds.reading import SENSORS
from services.event_processor.core.rules.sections import CALIBRATION_DUE, CLEARED, EXCEEDED
from services.event_processor.core.tracing.recorder import CYCLES, JUMPS, SECTIONS, VOLTAGE_SLOPE
from shared.jumps import CLOCK_JUMP, CLOCK_STEP

NUMBER = "number"
OPPOSITE = {"above": "at most", "below": "at least", "is": "is not"}


@dataclass(frozen=True, slots=True)
class Test:
    """A channel ``is``, ``is not``, ``above``, ``below``, ``at least`` or ``at most`` a level, or a ``number``."""

    channel: str
    op: str
    level: Any = None
    share_of: str | None = None

    def holds(self, value: Any) -> bool | None:
        """Return whether a value passes; None where it cannot be compared."""
        if self.op in ("is", "is not"):
            same = bool(value == self.level)
            return None if type(value) is not type(self.level) else same is (self.op == "is")
        if isinstance(value, bool | str) or value is None:
            return None
        if self.op == NUMBER:
            return True
        return _COMPARE[self.op](value, self.level)


_COMPARE: Mapping[str, Callable[[float, float], bool]] = {"above": gt, "below": lt, "at least": ge, "at most": le}


@dataclass(frozen=True, slots=True)
class Goal:
    """One way to an event. ``latch`` must turn to ``target``; None: every frame that passes makes an event.

    All ``tests`` must hold, with ``either`` any one of them. ``codes``, ``qualities``: the frame must have one of them.
    """

    event: str
    section: str
    name: str
    rule: Any
    tests: tuple[Test, ...] = ()
    either: bool = False
    latch: str | None = None
    target: bool = True
    codes: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    gate: str | None = None


Made = Iterator[tuple[str | None, dict[str, Any]]]


def goals_of(compiled: CompiledRules, device: str, event: str) -> list[Goal]:
    """Return every way in which a device's rules can make an event, in the order of the rules."""
    rules = compiled.device_rules(device)
    steps = [step for _, _, step in rules.believed]
    return [
        Goal(event, section, name, rule, **what)
        for apply, name, rule in steps
        for section in [SECTIONS[apply]]
        for made, what in (GOALS[section](name, rule, rules.device) if section in GOALS else ())
        if made == event
    ]


def _test(evidence: Evidence, over: bool = False) -> Test:
    if evidence.equals is not None:
        return Test(evidence.channel, "is not" if over else "is", evidence.equals)
    op, level = ("above", evidence.above) if evidence.above is not None else ("below", evidence.below)
    if not over:
        return Test(evidence.channel, op, level)
    if evidence.until is not None:
        return Test(evidence.channel, "below" if op == "above" else "above", evidence.until)
    return Test(evidence.channel, OPPOSITE[op], level)


def _level(name: str, rule: Any, _: Device) -> Made:
    of = getattr(rule, "of", None)
    back = "below" if rule.direction == "above" else "above"
    entered, left = getattr(rule, "event", EXCEEDED), getattr(rule, "cleared", CLEARED)
    there = Test(rule.channel, rule.direction, rule.enter, of)
    yield entered, {"tests": (there,), "latch": name, "gate": rule.only_while}
    yield left, {"tests": (Test(rule.channel, back, rule.clear, of),), "latch": name, "target": False}


def _condition(name: str, rule: Any, _: Device) -> Made:
    every, one = [*map(_test, rule.all)], [*map(_test, rule.any)]
    either = not every
    yield rule.event, {"tests": (*every, *one), "either": either, "latch": name, "gate": rule.only_while}
    over = tuple(_test(each, over=True) for each in (*rule.all, *rule.any))
    yield rule.cleared, {"tests": over, "either": not either, "latch": name, "target": False}


def _fault(name: str, rule: Any, _: Device) -> Made:
    signs = {"codes": rule.codes, "qualities": tuple(each.value for each in rule.quality), "latch": name}
    yield rule.event, signs
    yield rule.cleared, {**signs, "target": False}


def _power(_: str, rule: Any, __: Device) -> Made:
    there = tuple(map(_test, rule.on_battery))
    back = tuple(_test(each, over=True) for each in rule.on_battery)
    yield rule.lost, {"tests": there, "either": True, "latch": ON_BATTERY}
    yield rule.restored, {"tests": back, "either": True, "latch": ON_BATTERY, "target": False}
    yield rule.blip, {"tests": there, "either": True}
    yield rule.started, {"tests": there, "either": True, "latch": STARTED}


def _battery(_: str, rule: Any, device: Device) -> Made:
    levels = device.chemistry
    flag = Test(LOW_FLAG, "is", True)
    low, critical = (Test("cell_voltage", "below", level.enter_v) for level in (levels.low, levels.critical))
    over = Test("cell_voltage", "above", levels.low.clear_v)
    yield rule.low, {"tests": (low, flag), "either": True, "latch": LOW, "gate": rule.only_while}
    yield rule.critical, {"tests": (critical,), "latch": CRITICAL, "gate": rule.only_while}
    no_flag = Test(LOW_FLAG, "is not", True)
    yield rule.recovered, {"tests": (over, no_flag), "either": True, "latch": LOW, "target": False}


def _cell_limits(_: str, rule: Any, device: Device) -> Made:
    if (over := device.chemistry.over) is not None:
        yield rule.over, {"tests": (Test("cell_voltage", "above", over.enter_v),), "latch": OVER}
        yield (
            rule.over_cleared,
            {"tests": (Test("cell_voltage", "below", over.clear_v),), "latch": OVER, "target": False},
        )
    if (under := device.chemistry.under) is not None:
        yield rule.under, {"tests": (Test("cell_voltage", "below", under.enter_v),), "latch": UNDER}
        back = (Test("cell_voltage", "above", under.clear_v),)
        yield rule.under_cleared, {"tests": back, "latch": UNDER, "target": False}


def _charging(_: str, rule: Any, device: Device) -> Made:
    yield rule.started, {"tests": tuple(map(_test, rule.evidence)), "either": True, "latch": CHARGING}
    full = Test("cell_voltage", "at least", round(device.chemistry.full_v - rule.full_within_v, 3))
    charged = Test("state_of_charge", "at least", rule.full_at_percent)
    yield rule.completed, {"tests": (charged, full), "either": True, "latch": CHARGED}


def _trend(_: str, rule: Any, __: Device) -> Made:
    up, down = Test(VOLTAGE_SLOPE, "above", rule.enter_v_per_h), Test(VOLTAGE_SLOPE, "below", -rule.enter_v_per_h)
    level = Test(VOLTAGE_SLOPE, "at most", rule.leave_v_per_h)
    flat = Test(VOLTAGE_SLOPE, "at least", -rule.leave_v_per_h)
    yield rule.charging, {"tests": (up,), "latch": RISING}
    yield rule.charged, {"tests": (level,), "latch": RISING, "target": False}
    yield rule.discharging, {"tests": (down,), "latch": SINKING}
    yield rule.discharged, {"tests": (flat,), "latch": SINKING, "target": False}


def _signal(_: str, rule: Any, __: Device) -> Made:
    yield rule.event, {"tests": (Test(rule.channel, "is", rule.equals),)}


def _unclean(_: str, rule: Any, __: Device) -> Made:
    tests = (Test("lifecycle", "is", "started"), Test("clean", "is", False))
    for event in (rule.event, rule.lost, rule.restored):
        yield event, {"tests": tests}


def _readings(_: str, rule: Any, __: Device) -> Made:
    for channel, quantity in SENSORS.items():
        if channel not in rule.except_for:
            yield f"sensor.{quantity.sensor}", {"tests": (Test(channel, NUMBER),)}


def _calibration(_: str, __: Any, device: Device) -> Made:
    for channel in device.calibrated:
        yield CALIBRATION_DUE, {"tests": (Test(channel, NUMBER),)}


def _errors(_: str, rule: Any, __: Device) -> Made:
    yield rule.event, {"codes": rule.codes}


def _quality(name: str, rule: Any, _: Device) -> Made:
    yield rule.event, {"latch": f"{name}?"}


def _change(name: str, rule: Any, _: Device) -> Made:
    yield rule.event, {"tests": (Test(rule.channel, "changed"),), "latch": f"{name}?"}


def _absence(name: str, rule: Any, _: Device) -> Made:
    yield rule.event, {"latch": name}
    yield rule.cleared, {"latch": name, "target": False}


def _wear(_: str, rule: Any, __: Device) -> Made:
    yield rule.cycle, {"tests": (Test(CYCLES, "at least", 1.0),)}


def _jump(_: str, __: Any, ___: Device) -> Made:
    yield CLOCK_JUMP, {"tests": (Test(CLOCK_STEP, NUMBER),)}


GOALS: Mapping[str, Callable[[str, Any, Device], Made]] = {
    "signals": _signal,
    "unclean_shutdown": _unclean,
    "errors": _errors,
    "faults": _fault,
    "readings": _readings,
    "quality": _quality,
    "calibration": _calibration,
    "wear": _wear,
    "power": _power,
    "battery": _battery,
    "cell_limits": _cell_limits,
    "charging": _charging,
    "voltage_trend": _trend,
    "conditions": _condition,
    "changes": _change,
    "rates": _level,
    "absences": _absence,
    "thresholds": _level,
    "limits": _level,
    JUMPS: _jump,
}
