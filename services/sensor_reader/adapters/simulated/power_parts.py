"""Simulated monitors, gauges, chargers and UPS controllers: what is peculiar to each kind."""

from __future__ import annotations

from collections.abc import Callable

from services.sensor_reader.adapters.simulated.chips import RegisterChip, SimulatedChip


def _signed(word: int) -> int:
    return word - 0x10000 if word & 0x8000 else word


def _ina219_current(chip: RegisterChip) -> int:
    """Current = shunt · calibration / 4096 (SBOS448G, equation 4): 0 until somebody calibrates."""
    return (_signed(chip.registers.get(0x01, 0)) * chip.registers.get(0x05, 0) // 4096) & 0xFFFF


def _ina219_power(chip: RegisterChip) -> int:
    """Power = current · bus / 5000 (SBOS448G, equation 5)."""
    return (abs(_signed(_ina219_current(chip))) * (chip.registers.get(0x02, 0) >> 3) // 5000) & 0xFFFF


def _ina219(address: int) -> SimulatedChip:  # noqa: ARG001
    return RegisterChip(2, {0x00: 0x399F}, {0x03: _ina219_power, 0x04: _ina219_current})


def _max1704x(address: int) -> SimulatedChip:  # noqa: ARG001
    return RegisterChip(1, {0x09: 0x02, 0x0C: 0x97, 0x0D: 0x00}, reset=b"\xfe\x00\x54")


def _max1704x_late(address: int) -> SimulatedChip:  # noqa: ARG001
    return RegisterChip(1, {0x09: 0x12, 0x0C: 0x97, 0x0D: 0x1C}, reset=b"\xfe\x54\x00")


POWER: dict[str, Callable[[int], SimulatedChip]] = {
    "ina219": _ina219,
    **dict.fromkeys(("max17040", "max17041", "max17043", "max17044"), _max1704x),
    **dict.fromkeys(("max17048", "max17049"), _max1704x_late),
}
