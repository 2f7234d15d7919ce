"""TI INA226: voltage at a bus and current through a shunt. Sections are those of the datasheet, SBOS547A.

Rules:
1. As with the INA219, current is the shunt voltage over the board's shunt, and nothing is written: the power-on
   settings measure both continuously (§7.6.1).
2. The bus voltage is not shifted, unlike that of the INA219 (§7.6.3).
3. A shunt voltage at either end of its range is one beyond it, so it says no current.
"""

from __future__ import annotations

from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip, Identity
from services.sensor_reader.core.chips.shunt import over_shunt
from services.sensor_reader.core.registers.fields import Field, bits, word

SHUNT = word("shunt", 0x01)
BUS = word("bus", 0x02)
DIE = word("die", 0xFF)

FIELDS = (
    # name                register bits     step              unit source
    Field("shunt_voltage", SHUNT, bits(15, 0), Fraction("0.0000025"), "V", "§7.6.2, LSB 2.5 µV",
          form="signed", ends=(0x7FFF, -0x8000), about="{measures}_current"),
    Field("voltage", BUS, bits(14, 0), Fraction("0.00125"), "V", "§7.6.3, LSB 1.25 mV",
          channel="{measures}_voltage", never=(0x7FFF,)),
)  # fmt: skip

INA226 = Chip(
    kind="ina226",
    title="TI INA226, voltage and current",
    addresses=tuple(range(0x40, 0x50)),  # strapped by A0, A1 (§7.5.5.1)
    fields=FIELDS,
    identity=Identity(DIE, 0xFFF0, (0x2260,)),  # §7.6.10; the low four bits are the revision
    needs_shunt=True,
    full_scale_v=0.08192,  # §7.6.2: 2^15 steps of 2.5 µV
    derive=over_shunt,
)
