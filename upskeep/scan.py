"""What a scan found, for a person: a table, the boards that fit, and the configuration to paste."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from services.sensor_reader.adapters.machine.smbus import SmBus
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.polling.scan import Found, fitting, scan
from services.sensor_reader.core.ports import BusError
from services.sensor_reader.settings import BoardSettings

SHUNT = "shunt_ohm: 0.1   # look at the resistor beside the chip: R100 is 0.1, R010 is 0.01"


class ScanError(RuntimeError):
    """No bus that can be scanned; says why and what to do."""


def buses(dev: Path = Path("/dev")) -> list[int]:
    """Return the numbers of this machine's I2C buses; raises ScanError if there are none."""
    numbers = sorted(int(path.name[4:]) for path in dev.glob("i2c-*") if path.name[4:].isdecimal())
    if not numbers:
        raise ScanError(
            f"there is no I2C bus in {dev}: switch I2C on (raspi-config, or dtparam=i2c_arm=on and a reboot),"
            " or pass the device into the container"
        )
    return numbers


def scan_bus(number: int, dev: Path = Path("/dev")) -> list[Found]:
    """Return what is on one bus; raises ScanError."""
    bus = SmBus(number, dev)
    try:
        return scan(bus, CHIPS.values())
    except BusError as error:
        raise ScanError(f"bus {number}: {error.detail}") from error
    finally:
        bus.close()


def table(found: Mapping[int, Sequence[Found]]) -> Table:
    """Return one row an address."""
    shown = Table("bus", "address", "what", "how sure", box=None, pad_edge=False)
    for number, answers in found.items():
        for each in answers:
            shown.add_row(str(number), f"{each.address:#04x}", _what(each), _how_sure(each))
    return shown


def _what(found: Found) -> str:
    return " or ".join(found.kinds) or found.note


def _how_sure(found: Found) -> str:
    if not found.kinds:
        return "not read by Upskeep"
    if found.certain:
        return "it says so" if len(found.kinds) == 1 else "it is one of these: they say the same of themselves"
    return found.note or "only the address speaks for it"


def advice(number: int, found: Sequence[Found], boards: Mapping[str, BoardSettings]) -> str:
    """Return the lines for ``sensor_reader.yaml``: the boards that fit, else each chip alone; empty for nothing."""
    layouts = {name: {chip.address: chip.chip for chip in board.chips} for name, board in boards.items()}
    fits = fitting(found, layouts)
    taken = {address for name in fits for address in layouts[name]}
    lines = list(_boards(number, fits, boards))
    for each in found:
        if each.kinds and each.address not in taken:
            lines += _chip(number, each)
    return "\n".join(["devices:", *lines]) if lines else ""


def _boards(number: int, fits: Sequence[str], boards: Mapping[str, BoardSettings]) -> Iterable[str]:
    for name in fits:
        yield f"  # {boards[name].title}" + (" (one of these; only you can see which)" if len(fits) > 1 else "")
        mark = "  # " if name != fits[0] else "  "
        yield f"{mark}- {{name: ups, board: {name}" + (f", bus: {number}}}" if boards[name].bus != number else "}")


def _chip(number: int, found: Found) -> Iterable[str]:
    kind, *others = found.kinds
    yield f"  - name: {kind}_{found.address:02x}"
    yield f"    chip: {kind}" + (f"   # or {', '.join(others)}" if others else "")
    yield f"    bus: {number}"
    yield f"    address: {found.address:#04x}"
    if CHIPS[kind].needs_shunt:
        yield f"    {SHUNT}"


def as_data(found: Mapping[int, Sequence[Found]]) -> list[dict[str, Any]]:
    """Return it for a program."""
    return [{"bus": number, **asdict(each)} for number, answers in found.items() for each in answers]
