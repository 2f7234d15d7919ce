"""``config/events.yaml`` and ``config/event_processor.yaml``, checked against each other and made into a Program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, Field

from services.event_processor.core.catalogue import EventType, suggestion
from services.event_processor.core.facts import Chemistry, DeviceFacts, Key
from services.event_processor.core.program import RESERVED, Program, compile_program
from services.event_processor.core.rules import CLEARED, EXCEEDED, GAP, Rules
from shared.jumps import CLOCK_JUMP
from shared.quantities import QUANTITIES
from shared.settings import ConfigError, Fault, Settings, read_settings

M = TypeVar("M", bound=BaseModel)
Steps = tuple[str, ...]
OWN = {GAP: "that messages were lost", CLOCK_JUMP: "that the wall clock jumped"}  # told whatever the rules are
EVENTS, PROCESSOR = "events", "event_processor"


class EventsSettings(Settings):
    """``config/events.yaml``."""

    events: dict[Key, EventType]


class ProcessorSettings(Settings):
    """``config/event_processor.yaml``."""

    chemistries: dict[Key, Chemistry]
    default_device: DeviceFacts
    devices: dict[Key, DeviceFacts] = Field(default_factory=dict)
    rules: Rules


def load(folder: Path, environ: Mapping[str, str], site: str = "home") -> Program:
    """Return the program that the two files in ``folder`` describe; raises ConfigError with every fault of both."""
    faults: list[Fault] = []
    events = _read(folder, EVENTS, EventsSettings, environ, faults)
    processor = _read(folder, PROCESSOR, ProcessorSettings, environ, faults)
    if events is None or processor is None:
        raise ConfigError(faults)
    lines = {name: _Lines(folder / f"{name}.yaml") for name in (EVENTS, PROCESSOR)}
    faults = [lines[name].fault(path, reason) for name, path, reason in _cross_faults(events, processor)]
    if faults:
        raise ConfigError(faults)
    return compile_program(
        site, events.events, processor.rules, processor.chemistries, processor.default_device, processor.devices
    )


def _read(folder: Path, name: str, model: type[M], environ: Mapping[str, str], faults: list[Fault]) -> M | None:
    try:
        return read_settings(folder, name, model, environ)
    except ConfigError as error:
        faults += error.faults
        return None


def _cross_faults(events: EventsSettings, processor: ProcessorSettings) -> Iterator[tuple[str, Steps, str]]:
    """Yield (file, path in it, what is wrong) of every name that leads nowhere."""
    for name, kind in events.events.items():
        for other in kind.clears:
            if other not in events.events:
                yield (
                    EVENTS,
                    ("events", name, "clears"),
                    _unknown("event type", other, events.events, " in events.yaml"),
                )
    for name, what in OWN.items():
        if name not in events.events:
            yield EVENTS, ("events",), f"wants {name!r}, which tells {what}"
    for path, event in _events_wanted(processor.rules):
        if event not in events.events:
            yield PROCESSOR, ("rules", *path), _unknown("event type", event, events.events, " in events.yaml")
    for path, gate in processor.rules.named_gates():
        if gate not in processor.rules.gates:
            yield PROCESSOR, ("rules", *path), _unknown("gate", gate, processor.rules.gates)
    yield from _chemistry_faults(processor)
    yield from _name_faults(processor.rules)


def _events_wanted(rules: Rules) -> Iterator[tuple[Steps, str]]:
    yield from rules.named_events()
    if rules.limits:
        yield from ((("limits",), event) for event in (EXCEEDED, CLEARED))
    if rules.readings is not None:
        left_out = rules.readings.except_for
        for quantity in QUANTITIES.values():
            if quantity.sensor is not None and quantity.name not in left_out:
                yield ("readings",), f"sensor.{quantity.sensor}"


def _chemistry_faults(processor: ProcessorSettings) -> Iterator[tuple[str, Steps, str]]:
    default = processor.default_device
    if default.chemistry is None:
        yield PROCESSOR, ("default_device",), "chemistry is missing; a device without one cannot be judged"
    everywhere = {("default_device",): default} | {("devices", name): d for name, d in processor.devices.items()}
    for path, facts in everywhere.items():
        if facts.chemistry is not None and facts.chemistry not in processor.chemistries:
            yield PROCESSOR, (*path, "chemistry"), _unknown("chemistry", facts.chemistry, processor.chemistries)


def _name_faults(rules: Rules) -> Iterator[tuple[str, Steps, str]]:
    for kind in ("thresholds", "limits"):
        for name in sorted(RESERVED & getattr(rules, kind).keys()):
            yield PROCESSOR, ("rules", kind, name), f"{name!r} is a name the processor keeps for itself; choose another"
    for name in sorted(rules.thresholds.keys() & rules.limits.keys()):
        yield PROCESSOR, ("rules", "limits", name), f"{name!r} is a threshold's name too; choose another"


def _unknown(what: str, name: str, known: Mapping[str, object], where: str = "") -> str:
    return f"no such {what} {name!r}{where}" + suggestion(name, known)


class _Lines:
    """Finds the line of a path in a YAML file that has been read without a fault."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)

    def fault(self, path: Steps, reason: str) -> Fault:
        """Return the fault, with the line of the deepest key on ``path`` that stands in the file."""
        node, line = self.root, 0
        for step in path:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            key, value = next(((key, value) for key, value in pairs if key.value == step), (None, None))
            if key is None:
                break
            node, line = value, key.start_mark.line
        return Fault(f"{self.path}:{line + 1}", ".".join(path), reason)
