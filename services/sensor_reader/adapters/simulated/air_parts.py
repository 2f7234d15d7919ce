"""Simulated sensors of the air, of light and of soil: what is peculiar to each kind."""

from __future__ import annotations

from collections.abc import Callable

from services.sensor_reader.adapters.simulated.chips import CommandChip, SimulatedChip
from services.sensor_reader.core.checks import CRC8_A_WORD


def _sht4x(address: int) -> SimulatedChip:
    """Datasheet 4.5: 0xFD 8.3 ms, 0xF6 4.5 ms, 0xE0 1.6 ms; 0x89 the serial number; 0x94 resets within 1 ms."""
    busy_s = {b"\xfd": 0.0083, b"\xf6": 0.0045, b"\xe0": 0.0016, b"\x89": 0.0, b"\x94": 0.001}
    chip = CommandChip(address, CRC8_A_WORD, busy_s)
    chip.payloads[b"\x89"] = bytes.fromhex("0fba9d5c")
    return chip


AIR: dict[str, Callable[[int], SimulatedChip]] = {
    "sht4x": _sht4x,
}
