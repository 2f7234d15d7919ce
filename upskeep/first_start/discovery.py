"""What this machine has: chips on its I2C buses, UPSs of NUT servers, GPIO chips. Nothing is written to any of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.sensor_reader.adapters.machine.gpio import gpio_labels
from services.sensor_reader.adapters.remote.nut import ups_names
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.polling.scan import Found, fitting
from services.sensor_reader.core.ports import PortError
from services.sensor_reader.settings import BoardSettings, NutSettings
from upskeep.first_start.plan import BoardChoice, ChipChoice, NutChoice
from upskeep.scan import ScanError, buses, scan_bus

NUT_PORT = 3493
PATIENCE_S = 2.0
OURS = "Upskeep"


@dataclass(frozen=True, slots=True)
class Discovered:
    """What was found. ``lines`` say it to a person; ``boards`` are those that fit, ``chips`` what none of them has."""

    boards: tuple[BoardChoice, ...] = ()
    ups: tuple[NutChoice, ...] = ()
    chips: tuple[ChipChoice, ...] = ()
    by_hand: tuple[str, ...] = ()
    lines: tuple[str, ...] = field(default=())


def discover(profiles: Mapping[str, BoardSettings], nut_servers: Sequence[tuple[str, int]], dev: Path) -> Discovered:
    """Discover what is there; what cannot be looked at is one of the lines."""
    lines: list[str] = []
    found = dict(_found(dev, lines))
    ups = tuple(each for server in nut_servers for each in _ups(*server, lines))
    labels = gpio_labels(dev)
    lines.append(f"GPIO: {', '.join(labels)}" if labels else f"GPIO: no chip in {dev}")
    boards = [board for number, answers in found.items() for board in fitting_boards(number, answers, profiles)]
    taken = {
        (profiles[board.board].bus if board.bus is None else board.bus, chip.address)
        for board in boards
        for chip in profiles[board.board].chips
    }
    left = [(n, each) for n, all_ in found.items() for each in all_ if each.kinds and (n, each.address) not in taken]
    return Discovered(
        tuple(boards), ups,
        tuple(ChipChoice(each.kinds[0], n, each.address) for n, each in left if _reads_at_once(each)),
        tuple(f"{' or '.join(e.kinds)} at {e.address:#04x}" for _, e in left if not _reads_at_once(e)),
        tuple(lines),
    )  # fmt: skip


def fitting_boards(number: int, found: Sequence[Found], profiles: Mapping[str, BoardSettings]) -> Iterator[BoardChoice]:
    """Yield the boards all of whose chips may be among what was found on a bus."""
    layouts = {name: {chip.address: chip.chip for chip in board.chips} for name, board in profiles.items()}
    for name in fitting(found, layouts):
        yield BoardChoice(name, None if profiles[name].bus == number else number)


def _reads_at_once(found: Found) -> bool:
    """Whether a chip is read as it is: one kind alone, with no wiring that only a person can see."""
    chip = CHIPS[found.kinds[0]]
    return len(found.kinds) == 1 and not (chip.needs_shunt or chip.inputs) and chip.kind != "ads1115"


def _found(dev: Path, lines: list[str]) -> Iterator[tuple[int, list[Found]]]:
    try:
        numbers = buses(dev)
    except ScanError as error:
        lines.append(f"I2C: {error}")
        return
    for number in numbers:
        try:
            found = scan_bus(number, dev)
        except ScanError as error:
            lines.append(f"I2C: {error}")
            continue
        heard = [f"{' or '.join(each.kinds) or each.note} at {each.address:#04x}" for each in found]
        lines.append(f"I2C: bus {number}: {', '.join(heard) or 'nobody answers'}")
        yield number, found


def _ups(host: str, port: int, lines: list[str]) -> Iterator[NutChoice]:
    server = NutSettings(ups="any", host=host, port=port, timeout_s=PATIENCE_S)
    try:
        version, names = ups_names(server)
    except PortError as error:
        lines.append(f"NUT: {error.detail}")
        return
    if OURS in version:  # the door of a suite that runs here: it would read itself
        lines.append(f"NUT: {host}:{port} is this suite's own door, and is not read")
        return
    lines.append(f"NUT: {host}:{port} knows {', '.join(names) or 'no UPS'}")
    for name in names:
        yield NutChoice(name, host, port)
