"""``config/events.yaml`` and ``config/event_processor.yaml``, checked against each other and compiled.

The facts of a device's battery come from ``event_processor.yaml``, else from the board profile that
``sensor_reader.yaml`` gives the device, else from ``default_device``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field

from services.event_processor.core.catalogue.event_types import EventType, suggestion
from services.event_processor.core.device.boards import Boards, Reader, board_facts
from services.event_processor.core.device.facts import Chemistry, DeviceFacts, OwnLevel
from services.event_processor.core.device.keys import RESERVED
from services.event_processor.core.rules.compiled import CompiledRules, compile_rules
from services.event_processor.core.rules.sections import GAP, UNKNOWN, Rules
from services.event_processor.core.schema import Key
from shared.config_files import files_of
from shared.config_lines import Lines
from shared.jumps import CLOCK_JUMP
from shared.quantities import FACTS, QUANTITIES
from shared.settings import ConfigError, Fault, Settings, read_one_of

M = TypeVar("M", bound=BaseModel)
Steps = tuple[str, ...]
OWN = {  # emitted whatever the rules are
    GAP: "that messages were lost",
    CLOCK_JUMP: "that the wall clock jumped",
    UNKNOWN: "that an event of an unknown type was offered",
}
EVENTS, PROCESSOR, BOARDS, READER = "events", "event_processor", "boards", "sensor_reader"
Wrong = tuple[str, Steps, str]


class EventsSettings(Settings):
    """``config/events.yaml``."""

    events: dict[Key, EventType]


class ProcessorSettings(Settings):
    """``config/event_processor.yaml``."""

    chemistries: dict[Key, Chemistry]
    default_device: DeviceFacts
    devices: dict[Key, DeviceFacts] = Field(default_factory=dict)
    rules: Rules


def load(folder: Path, environ: Mapping[str, str], site: str = "home") -> CompiledRules:
    """Return the compiled rules of the files in ``folder``; raises ConfigError with the faults of all files."""
    faults: list[Fault] = []
    events = read_one_of(folder, EVENTS, EventsSettings, environ, faults)
    processor = read_one_of(folder, PROCESSOR, ProcessorSettings, environ, faults)
    boards = _beside(folder, BOARDS, Boards, environ, faults)
    reader = _beside(folder, READER, Reader, environ, faults)
    if events is None or processor is None or boards is None or reader is None or faults:
        raise ConfigError(faults)
    source = environ.get("UPSKEEP_SOURCE") or reader.source
    carried = {device: (board, facts) for device, board, facts in board_facts(reader, boards, source)}
    wrong = (*_cross_faults(events, processor), *_board_faults(carried, processor))
    if wrong:
        lines = {name: Lines(folder, name, environ) for name in {name for name, _, _ in wrong}}
        raise ConfigError([lines[name].fault(path, reason) for name, path, reason in wrong])
    devices = {device: facts for device, (_, facts) in carried.items()}
    devices |= {name: facts.over(devices.get(name, DeviceFacts())) for name, facts in processor.devices.items()}
    return compile_rules(site, events.events, processor.rules, processor.chemistries, processor.default_device, devices)


def _beside(folder: Path, name: str, model: type[M], environ: Mapping[str, str], faults: list[Fault]) -> M | None:
    """Return one of the reader's files; an empty one if it is missing, as with a reader on another machine."""
    if not files_of(folder, name, environ):
        return model()
    return read_one_of(folder, name, model, environ, faults)


def _cross_faults(events: EventsSettings, processor: ProcessorSettings) -> Iterator[Wrong]:
    """Yield (file, path in it, what is wrong) of every unknown name."""
    known, rules = events.events, processor.rules
    for name, kind in known.items():
        for other in kind.clears:
            if other not in known:
                yield EVENTS, ("events", name, "clears"), _unknown("event type", other, known, " in events.yaml")
    for name, what in OWN.items():
        if name not in known:
            yield EVENTS, ("events",), f"wants {name!r}, which reports {what}"
    for path, event in (*rules.named_events(), *_readings_wanted(rules)):
        if event not in known:
            yield PROCESSOR, ("rules", *path), _unknown("event type", event, known, " in events.yaml")
    for path, gate in rules.named_gates():
        if gate not in rules.gates:
            yield PROCESSOR, ("rules", *path), _unknown("gate", gate, rules.gates)
    yield from _channel_faults(rules)
    yield from _chemistry_faults(processor)
    yield from _name_faults(rules)


def _readings_wanted(rules: Rules) -> Iterator[tuple[Steps, str]]:
    if rules.readings is not None:
        for quantity in QUANTITIES.values():
            if quantity.sensor is not None and quantity.name not in rules.readings.except_for:
                yield ("readings",), f"sensor.{quantity.sensor}"


def _channel_faults(rules: Rules) -> Iterator[Wrong]:
    numbers = {**QUANTITIES, **rules.derived, **rules.channels}
    everything = {**numbers, **FACTS}
    for path, channel, known in _channels_named(rules, numbers, everything):
        if channel not in known:
            what = "no such numeric channel" if known is numbers else "no such channel"
            own = "" if channel in FACTS else "; declare one of your own under rules.channels"
            yield PROCESSOR, ("rules", *path), f"{what}{suggestion(channel, known) or own} (got {channel!r})"
    for name in sorted({*QUANTITIES, *FACTS} & {*rules.derived, *rules.channels}):
        section = "derived" if name in rules.derived else "channels"
        yield PROCESSOR, ("rules", section, name), f"the suite knows a channel {name!r} already; choose another name"
    for name in rules.derived:
        if name in _behind(name, rules):
            yield PROCESSOR, ("rules", "derived", name, "of"), f"{name!r} is worked out of itself"


def _channels_named(
    rules: Rules, numbers: Mapping[str, object], everything: Mapping[str, object]
) -> Iterator[tuple[Steps, str, Mapping[str, object]]]:
    for section, name, rule in rules.named():
        yield from (((section, name, key), channel, numbers) for key, channel in rule.channels())
        yield from (((section, name, key), channel, everything) for key, channel in rule.facts())
    for name, derived in rules.derived.items():
        yield from ((("derived", name, "of"), channel, numbers) for channel in derived.of)
    for name, gate in rules.gates.items():
        for key, chain in (("unless", gate.unless), ("though", gate.though)):
            yield from ((("gates", name, key), evidence.channel, everything) for evidence in chain)
    chains = (("power", "on_battery", rules.power), ("charging", "evidence", rules.charging))
    for section, key, single in chains:
        yield from (((section, key), evidence.channel, everything) for evidence in getattr(single, key, ()))
    if rules.readings is not None:
        yield from ((("readings", "except_for"), channel, numbers) for channel in rules.readings.except_for)


def _behind(name: str, rules: Rules) -> set[str]:
    """Return every channel that a derived one is computed from, directly or not."""
    found: set[str] = set()
    ahead = list(rules.derived[name].of)
    while ahead:
        channel = ahead.pop()
        if channel not in found:
            found.add(channel)
            ahead += rules.derived[channel].of if channel in rules.derived else ()
    return found


def _chemistry_faults(processor: ProcessorSettings) -> Iterator[Wrong]:
    default = processor.default_device
    if default.chemistry is None:
        yield PROCESSOR, ("default_device",), "chemistry is missing; a device without one cannot be judged"
    everywhere = {("default_device",): default} | {("devices", name): d for name, d in processor.devices.items()}
    for path, facts in everywhere.items():
        if facts.chemistry is not None and facts.chemistry not in processor.chemistries:
            yield PROCESSOR, (*path, "chemistry"), _unknown("chemistry", facts.chemistry, processor.chemistries)
        for reason in _level_faults(facts.levels or {}, processor.rules):
            yield PROCESSOR, (*path, "levels"), reason


def _board_faults(
    carried: Mapping[str, tuple[str | None, DeviceFacts]], processor: ProcessorSettings
) -> Iterator[Wrong]:
    for device, (board, facts) in carried.items():
        own = processor.devices.get(device, DeviceFacts()).chemistry
        if board and own is None and facts.chemistry and facts.chemistry not in processor.chemistries:
            reason = f"{PROCESSOR}.yaml has {_unknown('chemistry', facts.chemistry, processor.chemistries)}"
            yield BOARDS, ("boards", board, "chemistry"), reason
        if board and facts.levels:
            for reason in _level_faults(facts.levels, processor.rules):
                yield BOARDS, ("boards", board, "levels"), reason


def _level_faults(levels: Mapping[str, OwnLevel], rules: Rules) -> Iterator[str]:
    known = {**rules.thresholds, **rules.limits}
    for name, level in levels.items():
        if name not in known:
            yield _unknown("threshold or limit", name, known)
            continue
        try:
            known[name].with_level(level)
        except ValueError as error:
            yield f"{name}: {error}"


def _name_faults(rules: Rules) -> Iterator[Wrong]:
    taken: dict[str, str] = {}
    for section, name, _ in rules.named():
        path = ("rules", section, name)
        if name in RESERVED:
            yield PROCESSOR, path, f"{name!r} is a name the processor keeps for itself; choose another"
        if name in taken:
            yield PROCESSOR, path, f"{name!r} is a {taken[name]}'s name too; choose another"
        taken[name] = section.removesuffix("s")


def _unknown(what: str, name: str, known: Mapping[str, object], where: str = "") -> str:
    return f"no such {what} {name!r}{where}" + suggestion(name, known)
