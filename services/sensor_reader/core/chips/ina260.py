"""TI INA260: voltage and current, with the shunt inside. Sections are those of the datasheet, SBOS656C.

Register 01h is the current itself and no shunt voltage. The power register has no sign (§8.6.4), so power is worked
out here.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip, Identity
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.chips.shunt import current_and_power
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.core.registers.fields import Field, bits, word

CURRENT = word("current", 0x01)
BUS = word("bus", 0x02)
DIE = word("die", 0xFF)

FIELDS = (
    # name          register  bits     step           unit source
    Field("current", CURRENT, bits(15, 0), Fraction("0.00125"), "A", "§8.6.2, LSB 1.25 mA",
          form="signed", ends=(0x7FFF, -0x8000), about="{measures}_current"),
    Field("voltage", BUS, bits(14, 0), Fraction("0.00125"), "V", "§8.6.3, LSB 1.25 mV",
          channel="{measures}_voltage", never=(0x7FFF,)),
)  # fmt: skip


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Return current and power."""
    if "current" not in decoded:
        return Reading()
    return Reading(current_and_power(mount.measures, mount.current_sign * decoded["current"], decoded.get("voltage")))


INA260 = Chip(
    kind="ina260",
    title="TI INA260, voltage and current",
    addresses=tuple(range(0x40, 0x50)),  # strapped by A0, A1 (§8.5.5.1)
    fields=FIELDS,
    identity=Identity(DIE, 0xFFF0, (0x2270,)),  # §8.6.8
    derive=derive,
)
