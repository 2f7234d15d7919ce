"""Looking for the configured chips without writing to any: who answers, and whether it is what the settings say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.sensor_reader.core.device import ChipPart, Device
from services.sensor_reader.core.ports import BusError, Ports


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of asking one chip. ``detail`` is why not, or what is odd; empty when all is well."""

    device: str
    chip: str
    bus: int
    answers: bool
    detail: str = ""


def probe(devices: Iterable[Device], ports: Ports) -> tuple[Finding, ...]:
    """Ask every configured chip once, by a read."""
    return tuple(
        _ask(device.name, part, ports) for device in devices for part in device.parts if isinstance(part, ChipPart)
    )


def _ask(device: str, part: ChipPart, ports: Ports) -> Finding:
    identity = part.chip.identity
    register = identity.register.address if identity else part.chip.reads()[0].register
    try:
        word = ports.buses[part.bus].read_word(part.address, register)
    except BusError as error:
        return Finding(device, part.name, part.bus, answers=False, detail=error.detail)
    if identity and not identity.fits(word):
        detail = f"{identity.register.name} reads {word:#06x}, which no {part.chip.kind} shows: check the chip's kind"
        return Finding(device, part.name, part.bus, answers=True, detail=detail)
    return Finding(device, part.name, part.bus, answers=True)
