"""Simulated monitors, gauges, chargers and UPS controllers: what is peculiar to each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.sensor_reader.adapters.simulated.chips import RegisterChip, SealedChip, SimulatedChip
from services.sensor_reader.core.registers.checksums import SMBUS_PEC, XOR_FF


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


def _bytes(goes_on: bool = True, **more: Any) -> Callable[[int], SimulatedChip]:
    return lambda _: RegisterChip(1, goes_on=goes_on, **more)


def _ina(die: int, config: int) -> Callable[[int], SimulatedChip]:
    return lambda _: RegisterChip(2, {0x00: config, 0xFE: 0x5449, 0xFF: die}, _POWER_OF.get(die, {}))


def _ina226_current(chip: RegisterChip) -> int:
    """Current = shunt · calibration / 2048 (SBOS547A, equation 3)."""
    return (_signed(chip.registers.get(0x01, 0)) * chip.registers.get(0x05, 0) // 2048) & 0xFFFF


def _ina260_power(chip: RegisterChip) -> int:
    """Power in 10 mW, without a sign (SBOS656C, 8.6.4)."""
    return abs(_signed(chip.registers.get(0x01, 0))) * chip.registers.get(0x02, 0) * 125 * 125 // 10**8 & 0xFFFF


_POWER_OF: dict[int, dict[int, Callable[[RegisterChip], int]]] = {
    0x2260: {0x04: _ina226_current},
    0x2270: {0x03: _ina260_power},
}


class _Charger(RegisterChip):
    """A BQ2589x: the bit that starts a conversion goes when the conversion is done, at most 1 s later."""

    def __init__(self) -> None:
        super().__init__(1, {0x02: 0x3D, 0x14: 0x3A}, clears=frozenset({0x0C}))
        self._done_at = 0.0

    def write(self, data: bytes, now: float) -> None:
        """Note when a conversion is started."""
        super().write(data, now)
        if data[:1] == b"\x02" and len(data) > 1 and data[1] & 0x80:
            self._done_at = now + 1.0

    def read(self, length: int, now: float) -> bytes:
        """Let the conversion be done in its time."""
        if now >= self._done_at:
            self.registers[0x02] &= 0x7F
        return super().read(length, now)


class _Watched(RegisterChip):
    """A BQ2579x: 40 s after the last reset of its watchdog, the ADC and the sensing of discharge are off again."""

    def __init__(self, part: int) -> None:
        super().__init__(1, {0x48: part << 3 | 1, 0x10: 0x05})
        self._since: float | None = None

    def write(self, data: bytes, now: float) -> None:
        """Any write begins the watchdog; its own bit goes at once."""
        super().write(data, now)
        if len(data) > 1:
            self._since = now
            self.registers[0x10] &= 0xF7

    def read(self, length: int, now: float) -> bytes:
        """Fall back to the power-on settings when the watchdog has run out."""
        if self._since is not None and now - self._since > 40:
            self.registers[0x2E], self.registers[0x14], self._since = 0, 0, None
        return super().read(length, now)


class _Cellwise(RegisterChip):
    """A CW2015: asleep after power-on, and a charge of 255 % until it has woken."""

    def __init__(self) -> None:
        super().__init__(1, {0x00: 0x6F, 0x0A: 0xC0})


def _lc709203f(address: int) -> SimulatedChip:
    held = {0x08: 0x0BA6, 0x11: 0x2717, 0x12: 0x0001, 0x15: 0x0001, 0x16: 0x0000, 0x09: 0, 0x0F: 0, 0x1A: 0, 0x0B: 0}
    return SealedChip(address, SMBUS_PEC, {command: word.to_bytes(2, "little") for command, word in held.items()})


def _pijuice(address: int) -> SimulatedChip:
    return SealedChip(address, XOR_FF, {0xFD: b"\x16\x00", 0x7C: b"\x14"})


def _max1704x(address: int) -> SimulatedChip:  # noqa: ARG001
    return RegisterChip(1, {0x09: 0x02, 0x0C: 0x97, 0x0D: 0x00}, reset=b"\xfe\x00\x54")


def _max1704x_late(address: int) -> SimulatedChip:  # noqa: ARG001
    return RegisterChip(1, {0x09: 0x12, 0x0C: 0x97, 0x0D: 0x1C}, reset=b"\xfe\x54\x00")


POWER: dict[str, Callable[[int], SimulatedChip]] = {
    "ina219": _ina219,
    "ina226": _ina(0x2260, 0x4127),
    "ina260": _ina(0x2270, 0x6127),
    "ina3221": _ina(0x3220, 0x7127),
    "cw2015": lambda _: _Cellwise(),
    "lc709203f": _lc709203f,
    "bq27441": _bytes(),
    "bq25895": lambda _: _Charger(),
    "bq25792": lambda _: _Watched(1),
    "bq25798": lambda _: _Watched(3),
    "ip5209": _bytes(goes_on=False),
    "ip5312": _bytes(goes_on=False),
    "pijuice": _pijuice,
    "pisugar3": _bytes(goes_on=False),
    "waveshare_ups_e": _bytes(),
    "upsplus": _bytes(goes_on=False),
    "upsv6": _bytes(defaults={0x00: 0xA6}),
    "pipower3": _bytes(),
    "pipower5": _bytes(defaults={0x8C: 2602 >> 8, 0x8D: 2602 & 0xFF}),
    **dict.fromkeys(("max17040", "max17041", "max17043", "max17044"), _max1704x),
    **dict.fromkeys(("max17048", "max17049"), _max1704x_late),
}
