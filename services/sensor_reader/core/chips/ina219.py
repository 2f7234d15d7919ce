"""TI INA219: voltage at a bus and current through a shunt. Sections are those of the datasheet, SBOS448G.

Rules:
1. Current is the shunt voltage divided by the board's shunt, never register 04h: that one reads 0 once the
   calibration register is lost in a brown-out, and the service then would see an idle battery (§8.5.3).
2. Nothing is ever written: the power-on settings (32 V, ±320 mV, continuous; §8.5.4) do.
3. OVF says current and power may be meaningless (§8.6.3.2): they are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.chips.shunt import over_shunt
from services.sensor_reader.core.reading import Doubt, Reading
from services.sensor_reader.core.registers.fields import Field, bit, bits, word

SHUNT = word("shunt", 0x01)
BUS = word("bus", 0x02)

FLAG = Fraction(1)
FULL_SCALE = 32000  # ±320 mV over the shunt at the power-on gain; words beyond it are not used (§8.6.3.1, table 7)
BEYOND = (*range(-0x8000, -FULL_SCALE + 1), *range(FULL_SCALE, 0x8000))
STUCK_HIGH = (0x1FFF,)  # 32.764 V; the bus range ends at 32 V, raw 8000 (§8.6.3.2): a line held high, not a reading

FIELDS = (
    # name             register bits     step                  unit  source
    Field("shunt_voltage", SHUNT, bits(15, 0), Fraction("0.00001"), "V", "§8.6.3.1, LSB 10 µV",
          form="signed", ends=BEYOND, about="{measures}_current"),
    Field("voltage", BUS, bits(15, 3), Fraction("0.004"), "V", "§8.6.3.2, LSB 4 mV, p. 23",
          channel="{measures}_voltage", never=STUCK_HIGH, ends=range(8000, 0x1FFF)),
    Field("conversion_ready", BUS, bit(1), FLAG, "", "§8.6.3.2, CNVR, p. 23"),
    Field("overflow", BUS, bit(0), FLAG, "", "§8.6.3.2, OVF, p. 23"),
)  # fmt: skip


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:
    """Return current and power, unless OVF is set."""
    if decoded["overflow"]:
        detail = f"OVF is set (bus word {words[BUS.name]:#06x}): no current"
        return Reading(doubts=(Doubt("implausible", detail, f"{mount.measures}_current"),))
    return over_shunt(decoded, words, mount)


INA219 = Chip(
    kind="ina219",
    title="TI INA219, voltage and current",
    addresses=tuple(range(0x40, 0x50)),  # strapped by A0, A1 (§8.5.5.1)
    fields=FIELDS,
    needs_shunt=True,
    full_scale_v=0.32,  # §8.6.3.1
    derive=derive,  # no identity: the chip has no register that says what it is
)
