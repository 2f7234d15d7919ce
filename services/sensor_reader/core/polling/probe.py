"""Looking for the configured chips without writing to any: who answers, and whether it is what the settings say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.sensor_reader.core.bus.chip_io import read_pointed
from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.ports import BusError, Ports, ReadBus
from services.sensor_reader.core.registers.fields import Register


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of probing one chip. ``detail`` is why it failed, or what is odd; empty when all is well."""

    device: str
    chip: str
    bus: int
    answers: bool
    detail: str = ""


def probe(devices: Iterable[Device], ports: Ports) -> tuple[Finding, ...]:
    """Ask every configured chip once: by a read where a pointer does for that, and by its address alone where not."""
    return tuple(
        _ask(device.name, part, ports) for device in devices for part in device.parts if isinstance(part, ChipPart)
    )


def _ask(device: str, part: ChipPart, ports: Ports) -> Finding:
    identity, bus = part.chip.identity, ports.buses[part.bus]
    try:
        if identity is None:
            _touch(part.chip, part.address, bus)
            return Finding(device, part.name, part.bus, answers=True)
        word = identity_word(identity.register, part.address, bus)
    except BusError as error:
        return Finding(device, part.name, part.bus, answers=False, detail=error.detail)
    if word is not None and identity.fits(word):
        return Finding(device, part.name, part.bus, answers=True)
    shown = "an answer whose check is wrong" if word is None else f"{word:#06x}"
    detail = f"{identity.register.name} reads {shown}, which no {part.chip.kind} shows: check the chip's kind"
    return Finding(device, part.name, part.bus, answers=True, detail=detail)


def _touch(chip: Chip, address: int, bus: ReadBus) -> None:
    block = chip.blocks()[0]
    if block.how == "plain" or block.before:
        bus.ping(address)
    else:
        bus.read_byte(address, block.command[0])


def identity_word(register: Register, address: int, bus: ReadBus) -> int | None:
    """Return the identity's word, None where its check is wrong."""
    payload = register.block.opened(address, read_pointed(bus, address, register.block))
    return None if payload is None else register.word(payload)
