"""A site's rules made ready: one plan for each device that has facts or rules of its own, one for all others.

``ORDER`` is also the order of the events of one frame: what was said outright, what failed, what was read,
then what follows from it — power before battery before charging, then thresholds and limits, each section
in the order of its file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.event_processor.core.catalogue import Catalogue
from services.event_processor.core.facts import Chemistry, DeviceFacts
from services.event_processor.core.kinds.battery import CRITICAL, LOW, find_battery
from services.event_processor.core.kinds.charging import CHARGED, CHARGING, SESSION, TAPER, find_charging
from services.event_processor.core.kinds.errors import find_errors
from services.event_processor.core.kinds.jump import find_jump
from services.event_processor.core.kinds.level import find_limit, find_threshold
from services.event_processor.core.kinds.power import ON_BATTERY, find_power
from services.event_processor.core.kinds.reading import find_readings
from services.event_processor.core.kinds.signal import find_signal
from services.event_processor.core.look import Device, Look
from services.event_processor.core.rules import Gate, Rules
from shared.jumps import CLOCK_JUMP
from shared.messages import Quality

Apply = Callable[[Look, str, Any], None]
Step = tuple[Apply, str, Any]

ALWAYS: tuple[tuple[str, Step], ...] = (("", (find_jump, "jump", CLOCK_JUMP)),)  # before all, whatever the rules say
ORDER: dict[str, Apply] = {
    # section of the rules → what applies one of it
    "signals": find_signal,
    "errors": find_errors,
    "readings": find_readings,
    "power": find_power,
    "battery": find_battery,
    "charging": find_charging,
    "thresholds": find_threshold,
    "limits": find_limit,
}
BELIEVED = (Quality.GOOD, Quality.SUSPECT)
ANY_QUALITY = frozenset({"errors"})  # sections that a bad or stale frame still feeds

SHOWN = (ON_BATTERY, LOW, CRITICAL, CHARGING)  # latches of the state's ``active``, before the named rules
RESERVED = frozenset({*SHOWN, SESSION, CHARGED, TAPER})  # names a threshold or limit may not take


@dataclass(frozen=True, slots=True)
class Plan:
    """What applies to one device: every rule for a frame that may be believed, few for one that may not."""

    device: Device
    believed: tuple[Step, ...]
    doubted: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Everything the processor knows beforehand about one site."""

    site: str
    catalogue: Catalogue
    gates: Mapping[str, Gate]
    plans: Mapping[str, Plan]
    other: Plan
    shown: tuple[str, ...]

    def plan(self, device: str) -> Plan:
        """Return what applies to a device."""
        return self.plans.get(device, self.other)


def compile_program(
    site: str,
    catalogue: Catalogue,
    rules: Rules,
    chemistries: Mapping[str, Chemistry],
    default_device: DeviceFacts,
    devices: Mapping[str, DeviceFacts],
) -> Program:
    """Return the program of a site. Names must have been checked (``settings``); an unknown one is a KeyError."""
    levels = [*rules.thresholds.values(), *rules.limits.values()]
    named = {*devices, *(device for level in levels for device in level.devices)}

    def plan(name: str) -> Plan:
        facts = devices.get(name, DeviceFacts()).over(default_device)
        steps = [(section, step) for section, step in _steps(rules) if _applies(step, name)]
        return Plan(
            _device(facts, chemistries),
            tuple(step for _, step in steps),
            tuple(step for section, step in steps if section in ANY_QUALITY),
        )

    shown = (*SHOWN, *rules.thresholds, *rules.limits)
    return Program(site, catalogue, rules.gates, {name: plan(name) for name in sorted(named)}, plan(""), shown)


def _steps(rules: Rules) -> list[tuple[str, Step]]:
    found = [*ALWAYS]
    for section, apply in ORDER.items():
        part = getattr(rules, section)
        named = part if isinstance(part, dict) else {} if part is None else {section: part}
        found += [(section, (apply, name, rule)) for name, rule in named.items()]
    return found


def _applies(step: Step, device: str) -> bool:
    only = getattr(step[2], "devices", ())
    return not only or device in only


def _device(facts: DeviceFacts, chemistries: Mapping[str, Chemistry]) -> Device:
    chemistry = facts.chemistry or ""
    return Device(chemistry, chemistries[chemistry], facts.cells or 1, facts.capacity_mah, facts.zone)
