"""``docs/boards.md``: the shipped board profiles as a page, beside what their chips' tables add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.polling.device import ChipPart
from services.sensor_reader.settings import BoardSettings, BoardsSettings, ChipSettings
from shared.quantities import QUANTITIES
from shared.settings import read_settings

HEAD = """# Boards

Generated from `config/boards.yaml` and the chips' tables by `make docs`; do not edit. `board:` in
`config/sensor_reader.yaml` may be any of these, or one of your own: [how to add one](../CONTRIBUTING.md#add-a-board).
Several boards carry the same chip at the same address and differ in cells, shunt or sign: nothing that answers on the
bus distinguishes them, so a board is named and never guessed. What is not verified is said with the board.

| board | title | cells | chips | the mains | power cut |
|---|---|---|---|---|---|
"""

CHEMISTRIES = {"li_ion": "Li-ion 4.20 V", "lihv": "LiHV 4.35 V", "lifepo4": "LiFePO₄ 3.65 V"}
CURRENTS = {"battery_current"}


def documents(root: Path) -> dict[str, str]:
    """Return the page by its path."""
    boards = read_settings(root / "config", "boards", BoardsSettings, {}).boards
    return {"docs/boards.md": HEAD + "".join(_page(boards))}


def _page(boards: dict[str, BoardSettings]) -> Iterator[str]:
    for name, board in boards.items():
        chips = ", ".join(f"[`{chip.chip}`](chips.md#{chip.chip}) {chip.address:#04x}" for chip in board.chips)
        columns = (f"[`{name}`](#{name})", board.title, f"{board.cells}S", chips, mains(board), _cut(board))
        yield f"| {' | '.join(columns)} |\n"
    for name, board in boards.items():
        yield "\n".join((f"\n## {name}\n", f"{board.title}.\n", *_facts(board), ""))


def mains(board: BoardSettings) -> str:
    """Return what shows whether the mains are there, or that nothing does."""
    if board.ac_detect is not None:
        return f"GPIO {board.ac_detect.line}, high is {_LEVELS[board.ac_detect.high_means]}"
    channels = set(_channels(board))
    if "ac_present" in channels:
        return "the controller reports them"
    return "the sign of the current" if channels & CURRENTS else "not known"


_LEVELS = {"mains": "mains", "lost": "mains lost"}


def _channels(board: BoardSettings) -> Iterator[str]:
    """Yield the channels the board's chips can give, by trying their tables on all that a register can hold."""
    for settings in board.chips:
        part = settings.part(board.bus, board.cells)
        yield from given(part)


def given(part: ChipPart) -> set[str]:
    """Return the channels of a chip as it is wired: those of its fields, and those its ``derive`` has shown."""
    measures = part.mount.measures or part.chip.measures[0]
    named = {field.channel.format(measures=measures) for field in part.chip.fields if field.channel}
    for fill in (0x00, 0x01, 0x21, 0x42, 0x7F):
        payloads = {block: bytes([fill]) * block.length for block in part.chip.blocks()}
        named |= part.chip.interpret(payloads, part.mount).values.keys()
    return named


def _cut(board: BoardSettings) -> str:
    cuts = [cut for chip in _kinds(board.chips) if (cut := chip.power_cut) is not None]
    return cuts[0].span if cuts else "no"


def _kinds(chips: Iterable[ChipSettings]) -> Iterator[Chip]:
    return (CHIPS[chip.chip] for chip in chips)


def _facts(board: BoardSettings) -> Iterator[str]:
    capacity = f", {board.capacity_mah:g} mAh" if board.capacity_mah else ""
    yield f"- Battery: {board.cells} in series, {CHEMISTRIES[board.chemistry]}{capacity}."
    yield f"- Bus {board.bus}: {'; '.join(_wired(chip) for chip in board.chips)}."
    yield f"- Mains: {mains(board)}."
    channels = sorted(set(_channels(board)) | ({"ac_present"} if board.ac_detect else set()))
    yield f"- Read: {', '.join(f'`{channel}`' for channel in channels)}."
    if board.limits:
        yield f"- Believed: {'; '.join(_believed(board))}."
    if board.frozen_after_s is not None:
        after = board.frozen_after_s
        yield f"- Frozen after: {after if isinstance(after, str) else f'{after:g} s'}."
    yield f"- Power cut: {'; '.join(_cuts(board)) or 'no register of its chips does it'}."
    if board.notes:
        yield f"- {board.notes}"
    yield f"- Source: {board.source}."


def _wired(chip: ChipSettings) -> str:
    said = [f"`{chip.chip}` at {chip.address:#04x}"]
    if chip.shunt_ohm is not None:
        said.append(f"shunt {chip.shunt_ohm:g} Ω")
    if chip.measures not in (None, "battery"):
        said.append(f"measures the {chip.measures}")
    if chip.current_sign == -1:
        said.append("current turned round")
    return ", ".join(said)


def _believed(board: BoardSettings) -> Iterator[str]:
    for channel, bounds in board.limits.items():
        unit = QUANTITIES[channel].unit
        spans = [f"{word} {value:g} {unit}" for word, value in (("from", bounds.low), ("to", bounds.high)) if value]
        spans += [f"{bounds.slew_per_s:g} {unit} a second"] if bounds.slew_per_s else []
        yield f"`{channel}` {' '.join(spans)}"


def _cuts(board: BoardSettings) -> Iterator[str]:
    for chip in _kinds(board.chips):
        if chip.power_cut is not None:
            yield f"{chip.power_cut.written} ({chip.power_cut.source})"
