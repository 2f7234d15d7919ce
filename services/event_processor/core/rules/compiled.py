"""A site's compiled rules: one plan for each device with facts or rules of its own, one for all others.

``ORDER`` is also the order of the events of one frame: signals, faults and readings first, then power, battery and
charging, then the site's own rules, each section in the order of its file. Which rules a frame can feed follows from
its channels, and is computed once for each set of channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.event_processor.core.catalogue.event_types import Catalogue, EventType
from services.event_processor.core.channels.formulas import FORMULAS, available, derive
from services.event_processor.core.channels.frame_context import LOW_FLAG, Device, Formula, FrameContext, SiteChannels
from services.event_processor.core.device.facts import Chemistry, DeviceFacts, OwnLevel
from services.event_processor.core.device.keys import DOUBTED, SHOWN
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.forecast.charge import BatteryModel
from services.event_processor.core.forecast.curves import CURVES
from services.event_processor.core.rules.kinds.absence import find_absence
from services.event_processor.core.rules.kinds.battery import find_battery
from services.event_processor.core.rules.kinds.calibration import find_calibration
from services.event_processor.core.rules.kinds.cell_limits import find_cell_limits
from services.event_processor.core.rules.kinds.change import find_change, find_quality
from services.event_processor.core.rules.kinds.charging import find_charging
from services.event_processor.core.rules.kinds.clock_jump import find_jump
from services.event_processor.core.rules.kinds.condition import find_condition
from services.event_processor.core.rules.kinds.errors import find_errors
from services.event_processor.core.rules.kinds.fault import find_fault
from services.event_processor.core.rules.kinds.forecast import find_forecast
from services.event_processor.core.rules.kinds.level import find_limit, find_threshold
from services.event_processor.core.rules.kinds.power import find_power
from services.event_processor.core.rules.kinds.rate import find_rate
from services.event_processor.core.rules.kinds.reading import SENSORS, find_readings
from services.event_processor.core.rules.kinds.signal import find_signal
from services.event_processor.core.rules.kinds.unclean_shutdown import find_unclean_shutdown
from services.event_processor.core.rules.kinds.voltage_trend import find_voltage_trend
from services.event_processor.core.rules.kinds.wear import find_wear
from services.event_processor.core.rules.sections import Rules
from shared.jumps import CLOCK_JUMP, CLOCK_STEP
from shared.messages import Event, Frame, Quality

Apply = Callable[[FrameContext, str, Any], None]
RuleStep = tuple[Apply, str, Any]
Steps = tuple[RuleStep, ...]
Channels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleKind:
    """A kind of rule. ``needs``: the channels of which a frame must show one; None: every frame feeds it.

    ``doubted``: a bad or stale frame feeds it too. ``clean`` False: a good frame without errors feeds it only while one
    of its latches is left.
    """

    apply: Apply
    needs: Callable[[Any, Rules], Iterable[str]] | None
    doubted: bool = False
    clean: bool = True


def _channels(*names: str) -> Callable[[Any, Rules], Iterable[str]]:
    return lambda *_: names


def _own(rule: Any, _: Rules) -> Iterator[str]:
    """Yield the channels a rule names itself."""
    yield from (channel for _, channel in (*rule.channels(), *rule.facts()))


def _power(_: Any, rules: Rules) -> Iterator[str]:
    yield from (evidence.channel for evidence in (rules.power.on_battery if rules.power else ()))


def _charging(rule: Any, rules: Rules) -> Iterator[str]:
    yield from (evidence.channel for evidence in rule.evidence)
    yield from _power(rule, rules)
    yield from ("cell_voltage", "state_of_charge", "battery_current")


def _readings(*_: Any) -> Iterable[str]:
    return SENSORS


ORDER: dict[str, RuleKind] = {
    # section of the rules → what applies one of it, the channels that feed it, whether it looks at doubted frames
    "signals": RuleKind(find_signal, _own),
    "unclean_shutdown": RuleKind(find_unclean_shutdown, _channels("lifecycle")),
    "errors": RuleKind(find_errors, None, doubted=True, clean=False),
    "faults": RuleKind(find_fault, None, doubted=True, clean=False),
    "readings": RuleKind(find_readings, _readings),
    "quality": RuleKind(find_quality, _readings, doubted=True),
    "calibration": RuleKind(find_calibration, _readings),
    "wear": RuleKind(find_wear, _channels("battery_current", "state_of_charge", "output_power")),
    "power": RuleKind(find_power, _power),
    "forecast": RuleKind(find_forecast, _channels("cell_voltage")),
    "battery": RuleKind(find_battery, _channels("cell_voltage", LOW_FLAG)),
    "cell_limits": RuleKind(find_cell_limits, _channels("cell_voltage")),
    "charging": RuleKind(find_charging, _charging),
    "voltage_trend": RuleKind(find_voltage_trend, _channels("cell_voltage")),
    "conditions": RuleKind(find_condition, _own),
    "changes": RuleKind(find_change, _own),
    "rates": RuleKind(find_rate, _own),
    "absences": RuleKind(find_absence, None, doubted=True),
    "thresholds": RuleKind(find_threshold, _own),
    "limits": RuleKind(find_limit, _own),
}
JUMP: RuleStep = (find_jump, "jump", CLOCK_JUMP)  # first, whatever the rules
GOOD = Quality.GOOD
BELIEVED = (GOOD, Quality.SUSPECT)
SETS_KEPT = 256  # sets of channels whose steps are kept; further ones are computed anew


@dataclass(frozen=True, slots=True)
class DeviceRules:
    """The rules of one device: ``believed`` for good and suspect frames, ``doubted`` for stale and bad ones.

    ``silent`` are those that run while the device sends nothing; ``names`` are the names of all its rules. ``ready`` is
    a cache by set of channels: the rules for a frame with something wrong, and those for a clean one.
    """

    device: Device
    believed: tuple[tuple[frozenset[str] | None, bool, RuleStep], ...]
    doubted: tuple[RuleStep, ...]
    silent: tuple[RuleStep, ...]
    formulas: Mapping[str, Formula]
    troubles: frozenset[str]
    names: frozenset[str]
    ready: dict[Channels, tuple[tuple[RuleStep, ...], tuple[RuleStep, ...]]] = field(
        default_factory=dict, compare=False
    )

    def steps(self, frame: Frame, memory: Memory) -> Steps:
        """Return the rules that a frame can feed, in order; ``memory`` is its device's before the frame."""
        quality = frame.quality
        if quality not in BELIEVED:
            return self.doubted
        channels = tuple(frame.values)
        found = self.ready.get(channels)
        if found is None:
            found = self._feeds(channels, clean=False), self._feeds(channels, clean=True)
            if len(self.ready) < SETS_KEPT:
                self.ready[channels] = found
        return found[quality is GOOD and not frame.errors and self.troubles.isdisjoint(memory.latches)]

    def _feeds(self, channels: Channels, clean: bool) -> Steps:
        given = available(frozenset(channels), self.formulas)
        return tuple(
            step
            for needs, of_clean, step in self.believed
            if (of_clean or not clean) and (needs is None or not needs.isdisjoint(given))
        )


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """The settings of one site, compiled.

    ``models``: for each event type a model event with the fields that all its events share. ``awaited``: devices that
    must send frames. ``derived`` is a cache by set of channels.
    """

    site: str
    catalogue: Catalogue
    channels: SiteChannels
    by_device: Mapping[str, DeviceRules]
    other: DeviceRules
    shown: tuple[str, ...]
    models: Mapping[str, Event]
    awaited: tuple[str, ...] = ()
    derived: dict[Channels, tuple[tuple[str, Formula], ...]] = field(default_factory=dict, compare=False)

    def device_rules(self, device: str) -> DeviceRules:
        """Return the rules of a device."""
        return self.by_device.get(device, self.other)

    def shown_formulas(self, channels: Channels) -> tuple[tuple[str, Formula], ...]:
        """Return the computed channels that the state shows beside those of a frame, with their formulas."""
        found = self.derived.get(channels)
        if found is None:
            formulas = self.channels.formulas
            given = available(frozenset(channels), formulas)
            found = tuple(
                (name, formula)
                for name, formula in formulas.items()
                if formula.shown and name in given and name not in channels
            )
            if len(self.derived) < SETS_KEPT:
                self.derived[channels] = found
        return found


def compile_rules(
    site: str,
    catalogue: Catalogue,
    rules: Rules,
    chemistries: Mapping[str, Chemistry],
    default_device: DeviceFacts,
    devices: Mapping[str, DeviceFacts],
) -> CompiledRules:
    """Return the compiled rules of a site. ``settings`` checks the names; an unknown one raises KeyError here."""
    named = {*devices, *(device for _, _, rule in rules.named() for device in rule.devices)}
    formulas = FORMULAS | {name: derive(rule) for name, rule in rules.derived.items()}
    units = {name: made.unit for name, made in rules.derived.items()}
    units |= {name: made.unit for name, made in rules.channels.items()}
    steps = list(_steps(rules))

    def plan(name: str) -> DeviceRules:
        own = devices.get(name, DeviceFacts())
        levels = own.over(default_device).levels or {}
        mine = [(section, _with_level(step, levels)) for section, step in steps if _applies(step, name)]
        return DeviceRules(
            _device(own, default_device, chemistries),
            (
                (frozenset({CLOCK_STEP}), True, JUMP),
                *((_needs(section, step, rules), ORDER[section].clean, step) for section, step in mine),
            ),
            tuple(step for section, step in mine if ORDER[section].doubted),
            tuple(step for section, step in mine if section == "absences"),
            formulas,
            frozenset(step[1] for section, step in mine if not ORDER[section].clean) | {DOUBTED},
            frozenset(step[1] for _, step in mine),
        )

    return CompiledRules(
        site,
        catalogue,
        SiteChannels(rules.gates, formulas, units),
        {name: plan(name) for name in sorted(named)},
        plan(""),
        (*SHOWN, *(name for _, name, _ in rules.named())),
        {name: _model(site, name, kind) for name, kind in catalogue.items()},
        tuple(sorted({device for rule in rules.absences.values() for device in rule.devices})),
    )


def _model(site: str, name: str, kind: EventType) -> Event:
    return Event.model_construct(
        id="",
        type=name,
        category=kind.category,
        severity=kind.severity,
        time=datetime.min.replace(tzinfo=UTC),
        site=site,
        device=None,
        zone=None,
        data={},
        metadata={},
    )


def _steps(rules: Rules) -> Iterator[tuple[str, RuleStep]]:
    for section, kind in ORDER.items():
        part = getattr(rules, section)
        named = part if isinstance(part, dict) else {} if part is None else {section: part}
        for name, rule in named.items():
            yield section, (kind.apply, name, rule)


def _needs(section: str, step: RuleStep, rules: Rules) -> frozenset[str] | None:
    needs = ORDER[section].needs
    return None if needs is None else frozenset(needs(step[2], rules))


def _applies(step: RuleStep, device: str) -> bool:
    only = getattr(step[2], "devices", ())
    return not only or device in only


def _with_level(step: RuleStep, levels: Mapping[str, OwnLevel]) -> RuleStep:
    apply, name, rule = step
    return (apply, name, rule.with_level(levels[name])) if name in levels else step


def _device(own: DeviceFacts, default: DeviceFacts, chemistries: Mapping[str, Chemistry]) -> Device:
    facts = own.over(default)
    chemistry = facts.chemistry or ""
    return Device(
        chemistry,
        chemistries[chemistry],
        facts.cells or 1,
        facts.capacity_mah,
        facts.zone,
        facts.resistance_mohm,
        facts.reserve_percent or 0.0,
        facts.leaf_offset_c,
        facts.calibrated or {},
        facts.calibrate_every_days,
        own.cells is not None and own.chemistry is not None,
        facts.interval_s,
        _battery(facts, chemistry),
    )


def _battery(facts: DeviceFacts, chemistry: str) -> BatteryModel | None:
    """Return the battery's model for the forecast; None for a chemistry without a curve."""
    curve = CURVES.get(chemistry)
    if curve is None:
        return None
    return BatteryModel(
        curve,
        facts.cells or 1,
        None if facts.capacity_mah is None else facts.capacity_mah / 1000,
        None if facts.resistance_mohm is None else facts.resistance_mohm / 1000,
    )
