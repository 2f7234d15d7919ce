"""Levels of rules that a board can never show, so that the rule never holds there: what ``upskeep check`` names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from services.event_processor.core.device.boards import Board, Boards
from services.event_processor.core.device.facts import DeviceFacts, OwnLevel
from services.event_processor.core.rules.detections import Level
from services.event_processor.settings import ProcessorSettings
from services.sensor_reader.settings import Configuration, most_amperes
from shared.settings import read_one_of


def unreachable_levels(folder: Path, environ: Mapping[str, str], reader: Configuration) -> list[str]:
    """Return a line each: of every board profile, in use or not, and of every device with levels or wiring of its own.

    The configuration must be good.
    """
    processor = read_one_of(folder, "event_processor", ProcessorSettings, environ, [])
    boards = read_one_of(folder, "boards", Boards, environ, [])
    if processor is None or boards is None:
        return []
    rules: dict[str, Level] = {**processor.rules.thresholds, **processor.rules.limits}
    doubts = [
        f"{folder / 'boards.yaml'}: boards.{name}: {doubt}"
        for name, board in reader.boards.items()
        for doubt in _beyond(board.most_amperes(), rules, boards.boards[name].levels or {})
    ]
    for index, device in enumerate(reader.reader.devices):
        own = processor.devices.get(device.name, DeviceFacts())
        if device.board is not None and own.levels is None:
            continue
        profile = boards.boards.get(device.board or "", Board())
        mine = {name: rule for name, rule in rules.items() if not rule.devices or device.name in rule.devices}
        levels = own.levels or profile.levels or {}
        place = f"{folder / 'sensor_reader.yaml'}: devices.{index}"
        doubts += [f"{place}: {doubt}" for doubt in _beyond(most_amperes(device.parts(reader.boards)), mine, levels)]
    return doubts


def _beyond(most: Mapping[str, float], rules: Mapping[str, Level], levels: Mapping[str, OwnLevel]) -> Iterator[str]:
    for name, rule in rules.items():
        reach = most.get(rule.channel)
        if reach is None or getattr(rule, "of", None) is not None:
            continue
        level = rule.with_level(levels[name]) if name in levels else rule
        if abs(level.enter) >= reach:
            yield (
                f"{name} of event_processor.yaml can never hold: {rule.channel} {level.direction} {level.enter:g} A is"
                f" out of reach; over its shunt the chip shows {reach:.3g} A at most. Give it a level of its own:"
                f" levels: {{{name}: {{at: …, clear: …}}}}"
            )
