"""Who is on a bus: every address asked without a write, and what each answer can and cannot mean.

Rules:
1. An address is only addressed, or read where EEPROMs may sit that an empty write can harm (``READ_ONLY``, as
   i2cdetect does). Nothing is written beyond the pointer that reads a register.
2. A chip is certain only where a register says what it is. An address alone makes a candidate, and nothing more: chips
   of quite different kinds share theirs.
3. A pointer that another candidate at the same address would take for a command is not sent.
4. A bus on which nobody ever lets go of the lines is reported as such after ``STUCK_AFTER`` addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.polling.probe import identity_word
from services.sensor_reader.core.ports import BusError, ReadBus

ADDRESSES = range(0x03, 0x78)
READ_ONLY = (range(0x30, 0x38), range(0x50, 0x60))
STUCK_AFTER = 5

# What else sits where, on boards and beside them: not read, but a person wonders.
OTHERS: Mapping[int, str] = {
    0x20: "an I/O expander (MCP23017, PCF8574)",
    0x27: "an I/O expander (PCF8574), often behind a character display",
    0x3C: "an OLED display (SSD1306)",
    0x3D: "an OLED display (SSD1306)",
    0x50: "an EEPROM, as HATs carry",
    0x51: "an EEPROM or a clock (PCF8563)",
    0x52: "an EEPROM, as PiJuice carries",
    0x68: "a clock (DS3231, DS1307, PCF8523), as X728, PiJuice and PiSugar carry",
    0x70: "a multiplexer (TCA9548A)",
}


@dataclass(frozen=True, slots=True)
class Found:
    """The chips that an address can be; ``certain``: a register identifies it. ``note`` is for a person."""

    address: int
    kinds: tuple[str, ...]
    certain: bool = False
    note: str = ""


def scan(bus: ReadBus, chips: Iterable[Chip], addresses: Sequence[int] = ADDRESSES) -> list[Found]:
    """Return what is found at each address that answers; raises BusError on a bus that cannot be used."""
    chips = tuple(chips)
    found: list[Found] = []
    timeouts = 0
    for address in addresses:
        try:
            _address(bus, address)
        except BusError as error:
            if error.code == "nack":
                timeouts = 0
                continue
            timeouts += 1
            if error.code != "timeout" and "kernel driver" in error.detail:
                found.append(_held(address, chips))
                timeouts = 0
            elif timeouts >= STUCK_AFTER:
                raise
            continue
        timeouts = 0
        found.append(_known(bus, address, [chip for chip in chips if address in chip.addresses]))
    return found


def _address(bus: ReadBus, address: int) -> None:
    if any(address in span for span in READ_ONLY):
        bus.read(address, 1)
    else:
        bus.ping(address)


def _known(bus: ReadBus, address: int, candidates: Sequence[Chip]) -> Found:
    certain = [chip for chip in candidates if chip.identity and _says_so(bus, address, chip, candidates)]
    if certain:
        return Found(address, tuple(chip.kind for chip in certain), certain=True)
    left = tuple(chip.kind for chip in candidates if chip.identity is None)
    note = "" if left else OTHERS.get(address, "nothing known here")
    return Found(address, left, note=note)


def _says_so(bus: ReadBus, address: int, chip: Chip, candidates: Sequence[Chip]) -> bool:
    identity = chip.identity
    if identity is None or not _harmless(identity.register.block.command, candidates):
        return False
    try:
        word = identity_word(identity.register, address, bus)
    except BusError:
        return False
    return word is not None and identity.fits(word)


def _harmless(pointer: bytes, candidates: Sequence[Chip]) -> bool:
    commands = {
        data[: len(pointer)]
        for chip in candidates
        for block in chip.blocks()
        for data in (*(command.data for command in block.before), block.command)
        if block.how == "plain"
    }
    return pointer not in commands


def _held(address: int, chips: Sequence[Chip]) -> Found:
    kinds = tuple(chip.kind for chip in chips if address in chip.addresses)
    return Found(address, kinds, note="held by a driver of the kernel: remove its overlay to read it here")


def fitting(found: Sequence[Found], boards: Mapping[str, Mapping[int, str]]) -> list[str]:
    """Return the boards all of whose chips may be among what was found; ``boards`` give kinds by address."""
    at = {each.address: each.kinds for each in found}
    return [name for name, chips in boards.items() if chips and all(kind in at.get(a, ()) for a, kind in chips.items())]
