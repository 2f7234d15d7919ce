"""CellWise CW2015: a fuel gauge. Registers as in Linux ``cw2015_battery.c`` and the datasheet, revision 1.1.

Rules:
1. After power-on the gauge sleeps (MODE bits 7 and 6 set), and shows what it last had. It is woken by those two bits,
   and by nothing else: quick-start and restart, which the makers of boards like to set at every start, make it forget.
2. A charge above 100 % is no reading: the gauge shows that until it has found one (Linux ``cw_get_soc``).
3. 0x62 is also the address of an SCD4x, and has no number that distinguishes it: only the settings say which it is.
"""

from __future__ import annotations

from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip, Setting
from services.sensor_reader.core.registers.fields import Block, Field, Register, bits, word

VCELL = word("vcell", 0x02)
SOC = word("soc", 0x04)
MODE = Register("mode", Block(b"\x0a", 1, twice=True), 0, 1)

FIELDS = (
    # name         register bits     step            unit source
    Field("voltage", VCELL, bits(13, 0), Fraction("0.000305"), "V", "VCELL: 305 µV a step, Linux cw_get_voltage",
          channel="battery_voltage", never=(0, 0x3FFF)),
    Field("charge", SOC, bits(15, 0), Fraction(1, 256), "%",
          "SOC: percent, and a 256th in the second byte, Linux cw_get_soc",
          channel="state_of_charge", never=range(100 * 256 + 1, 0x10000)),
)  # fmt: skip

CW2015 = Chip(
    kind="cw2015",
    title="CellWise CW2015, fuel gauge",
    addresses=(0x62,),
    fields=FIELDS,
    settings=(Setting(MODE, 0xC0, 0x00, "MODE 7:6 = 00, awake; Linux CW2015_MODE_SLEEP_MASK"),),
)
