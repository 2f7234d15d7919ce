"""TI INA3221: voltage and current of three lines. Registers as in the datasheet, SBOS576B.

Rules:
1. A board says which of the three inputs measures what, and over which shunt; the others are not looked at.
2. Both numbers stand 3 bits to the left, and are signed.
3. Nothing is written: the power-on settings measure all three continuously.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip, Identity, saturation
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.chips.shunt import current_and_power
from services.sensor_reader.core.reading import Doubt, Reading
from services.sensor_reader.core.registers.fields import Field, bits, saturated, word

DIE = word("die", 0xFF)
ENDS = (0x0FFF, -0x1000)  # the end of the range: what is beyond it reads the same


def _fields(number: int) -> tuple[Field, Field]:
    shunt, bus = word(f"shunt_{number}", 2 * number - 1), word(f"bus_{number}", 2 * number)
    return (
        Field(f"shunt_voltage_{number}", shunt, bits(15, 3), Fraction("0.00004"), "V", "01h, 03h, 05h, LSB 40 µV",
              form="signed", ends=ENDS),
        Field(f"voltage_{number}", bus, bits(15, 3), Fraction("0.008"), "V", "02h, 04h, 06h, LSB 8 mV",
              form="signed", ends=ENDS),
    )  # fmt: skip


FIELDS = (*_fields(1), *_fields(2), *_fields(3))


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:
    """Return voltage, current and power of the inputs that the board uses."""
    values: dict[str, float] = {}
    doubts: list[Doubt] = []
    for each in mount.inputs:
        volts, drop = decoded.get(f"voltage_{each.number}"), decoded.get(f"shunt_voltage_{each.number}")
        shunt, bus = FIELDS[2 * each.number - 2 : 2 * each.number]
        for field, channel in ((shunt, f"{each.measures}_current"), (bus, f"{each.measures}_voltage")):
            doubts += [saturation(f.name, value, f.unit, channel) for f, value in saturated((field,), words)]
        if volts is not None:
            values[f"{each.measures}_voltage"] = volts
        if drop is not None:
            values |= current_and_power(each.measures, each.current_sign * drop / each.shunt_ohm, volts)
    return Reading(values, tuple(doubts))


INA3221 = Chip(
    kind="ina3221",
    title="TI INA3221, voltage and current of three lines",
    addresses=(0x40, 0x41, 0x42, 0x43),  # strapped by A0
    fields=FIELDS,
    identity=Identity(DIE, 0xFFFF, (0x3220,)),  # SBOS576B, die ID register, FFh
    inputs=3,
    full_scale_v=0.1638,  # 2^12 steps of 40 µV
    derive=derive,
)
