"""Maxim MAX17040 to MAX17049: single-chip fuel gauges, one row a variant.

Sources: MAX17043/44 datasheet p. 8 (VCELL, SOC), MAX17040/41 datasheet (the same registers), MAX17048/49 datasheet
19-6171 (VCELL, SOC, CRATE, VERSION); the 2S scale of the 49 as Linux ``max17040_battery.c`` has it (625/4 µV).

Rules:
1. Nothing is ever written: a reset or a quick-start makes the gauge forget what it has learned.
2. SOC may exceed 100 % and is held to 0…100; ask for registers to see the word.
3. The gauge is powered by the cell, so a VCELL of 0, or of all ones, is a bus fault and not a reading.
"""

from __future__ import annotations

from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip, Identity
from services.sensor_reader.core.registers.fields import Block, Field, Register, bits, word

GAUGE = Block(b"\x02", 4)  # addresses count bytes, and reading goes on to the next: both of one moment
VCELL = Register("vcell", GAUGE, 0)
SOC = Register("soc", GAUGE, 2)
VERSION = word("version", 0x08)
CRATE = word("crate", 0x16)

EARLY = Identity(VERSION, 0xFFFF, (0x0002, 0x0003))  # seen on 17040/43 in the field
LATE = Identity(VERSION, 0xFFF0, (0x0010,))  # 17048/49: production version 0x001X


def _voltage(low: int, step_uv: str) -> Field:
    ones = (1 << (16 - low)) - 1
    step = Fraction(step_uv) / 1_000_000
    source = "VCELL, MAX17043 p. 8" if low else "VCELL, 19-6171"
    return Field("voltage", VCELL, bits(15, low), step, "V", source, channel="battery_voltage", never=(0, ones))


CHARGE = Field(
    "charge", SOC, bits(15, 0), Fraction(1, 256), "%", "SOC, MAX17043 p. 8",
    channel="state_of_charge", clamp=(0.0, 100.0), never=(0xFFFF,),
)  # fmt: skip
RATE = Field(
    "rate", CRATE, bits(15, 0), Fraction("0.208"), "%/h", "CRATE, 19-6171", form="signed", channel="charge_rate"
)  # fmt: skip

_VARIANTS = (
    # kind    VCELL: low bit, µV a step   further fields  identity
    ("max17040", 4, "1250", (), EARLY),  # 1S
    ("max17041", 4, "2500", (), EARLY),  # 2S
    ("max17043", 4, "1250", (), EARLY),  # 1S, with alert
    ("max17044", 4, "2500", (), EARLY),  # 2S, with alert
    ("max17048", 0, "78.125", (RATE,), LATE),  # 1S
    ("max17049", 0, "156.25", (RATE,), LATE),  # 2S
)

MAX1704X = tuple(
    Chip(
        kind=kind,
        title=f"Maxim {kind.upper()}, fuel gauge",
        addresses=(0x36,),  # fixed in silicon
        fields=(_voltage(low, step_uv), CHARGE, *more),
        identity=identity,
    )
    for kind, low, step_uv, more, identity in _VARIANTS
)
