"""Simulated sensors of the air, of light and of soil: what is peculiar to each kind."""

from __future__ import annotations

from collections.abc import Callable

from services.sensor_reader.adapters.simulated.air_chips import Ads1115, Aht, Bh1750, Bme280, PeriodicChip
from services.sensor_reader.adapters.simulated.chips import CommandChip, RegisterChip, SimulatedChip
from services.sensor_reader.core.registers.checksums import CRC8_A_WORD


def _sht3x(address: int) -> SimulatedChip:
    """Datasheet 2.2: 15.5, 6.5 and 4.5 ms by repeatability. Its stretching commands are refused, as a Pi would fail."""
    busy_s = {b"\x24\x00": 0.0155, b"\x24\x0b": 0.0065, b"\x24\x16": 0.0045, b"\x30\xa2": 0.0015, b"\x30\x93": 0.001}
    stretching = frozenset({b"\x2c\x06", b"\x2c\x0d", b"\x2c\x10"})
    chip = CommandChip(address, CRC8_A_WORD, busy_s, stretching)
    chip.payloads |= {b"\xf3\x2d": bytes(2), b"\x37\x80": bytes.fromhex("0fba9d5c")}
    return chip


def _sht4x(address: int) -> SimulatedChip:
    """Datasheet 4.5: 0xFD 8.3 ms, 0xF6 4.5 ms, 0xE0 1.6 ms; 0x89 the serial number; 0x94 resets within 1 ms."""
    busy_s = {b"\xfd": 0.0083, b"\xf6": 0.0045, b"\xe0": 0.0016, b"\x89": 0.0, b"\x94": 0.001}
    chip = CommandChip(address, CRC8_A_WORD, busy_s)
    chip.payloads[b"\x89"] = bytes.fromhex("0fba9d5c")
    return chip


def _scd4x(address: int) -> SimulatedChip:
    """A value every 5 s; while it measures it acknowledges only what has to do with that."""
    chip = PeriodicChip(
        address, b"\x21\xb1", b"\x3f\x86", b"\xe4\xb8", b"\xec\x05", every_s=5.0, apart_s=0.001,
        deaf=True, others={b"\x36\x82": 0.001, b"\x36\x46": 0.03},
    )  # fmt: skip
    chip.payloads[b"\x36\x82"] = bytes.fromhex("f896319f07c2")
    return chip


def _scd30(address: int) -> SimulatedChip:
    """A value every 2 s; a read less than 3 ms after its command, or behind a repeated START, is not acknowledged."""
    chip = PeriodicChip(
        address, b"\x00\x10", b"\x01\x04", b"\x02\x02", b"\x03\x00", every_s=2.0, apart_s=0.003,
        others={b"\xd3\x04": 0.0},
    )  # fmt: skip
    chip.payloads |= {b"\xd1\x00": b"\x03\x42", b"\x46\x00": b"\x00\x02"}
    return chip


AIR: dict[str, Callable[[int], SimulatedChip]] = {
    "sht3x": _sht3x,
    "sht4x": _sht4x,
    "aht20": lambda _: Aht(b"\xbe\x08\x00", sealed=True),
    "aht10": lambda _: Aht(b"\xe1\x08\x00", sealed=False),
    "bme280": lambda _: Bme280(),
    "scd4x": _scd4x,
    "scd30": _scd30,
    "bh1750": lambda _: Bh1750(),
    "tmp102": lambda _: RegisterChip(2, {0x01: 0x60A0}),
    "ads1115": lambda _: Ads1115(),
}
