"""Injoinic IP5209 and IP5312: the chips of PiSugar 2 and 2 Pro. As in PiSugar's ``ip5209.rs`` and ``ip5312.rs``.

Rules:
1. The chip does not go on by itself to the next register, and changes words between bytes: they are read until
   two readings agree.
2. A voltage word of 0 is that of a chip without the feature (``ip5312.rs``), not 2.6 V; all ones is nobody.
3. Numbers below 2.6 V are two's complement. PiSugar's code subtracts there, and makes 2.5 V into 2.7 V.
4. The chip sleeps when the load is small, and leaves the bus (PiSugar/PiSugar#63): it then does not acknowledge.
5. PiSugar's own software sets up pins to report charging. Nothing is written here: the current says whether it charges.
"""

from __future__ import annotations

from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.registers.fields import Block, Field, Form, Register, bits


def _pair(name: str, low: int) -> Register:
    return Register(name, Block(bytes([low]), 2, how="bytes", twice=True), 0, 2, "little")


def _chip(kind: str, voltage_at: int, form: Form, current_ma: str, source: str) -> Chip:
    voltage, current = _pair("voltage", voltage_at), _pair("current", voltage_at + 2)
    fields = (
        # name        register bits     step            unit source
        Field("voltage", voltage, bits(13, 0), Fraction("0.00026855"), "V", f"{source}, read_voltage",
              form=form, zero=Fraction("2.6"), channel="battery_voltage", never=(0, -1, 0x3FFF)),
        Field("current", current, bits(13, 0), Fraction(current_ma) / 1000, "A", f"{source}, read_intensity",
              form="signed", channel="battery_current"),
    )  # fmt: skip
    return Chip(kind=kind, title=f"Injoinic {kind.upper()}, power bank", addresses=(0x75,), fields=fields)


IP52XX = (
    _chip("ip5209", 0xA2, "signed", "0.745985", "PiSugar ip5209.rs"),
    _chip("ip5312", 0xD0, "unsigned", "2.68554", "PiSugar ip5312.rs"),
)
