"""ROHM BH1750FVI: illuminance. Pages are those of the datasheet, 2011.11 Rev.D.

Rules:
1. Every poll wakes the chip (0x01) and starts one measurement of 1 lx resolution (0x20), after which it powers itself
   down (p. 5): reading again without a new start would give the old value.
2. The measuring time register is left at its 69 of power-on (p. 11), so a step is 1/1.2 lx.
3. All ones is as bright as it can show, 54,612 lx: the value is given, and that it may be more is said. Full sun is
   twice as bright: put a diffuser before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.reading import Doubt, Reading
from services.sensor_reader.core.registers.fields import Block, Command, Field, Register, bits

LIGHT = Register(
    "light",
    # At most 180 ms (p. 2, "H-Resolution Mode").
    Block(b"\x20", 2, how="plain", wait_s=0.18, before=(Command(b"\x01", "p. 5, power on"),)),
)
MOST = 0xFFFF

FIELDS = (
    # name               register bits     step         unit  source
    Field("illuminance", LIGHT, bits(15, 0), Fraction(5, 6), "lx", "p. 7: word / 1.2", channel="illuminance"),
)  # fmt: skip


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Say when there is more light than the chip can show."""
    if words[LIGHT.name] != MOST:
        return Reading()
    return Reading(
        doubts=(Doubt("saturated", f"illuminance is {decoded['illuminance']:.0f} lx or more", "illuminance"),)
    )


BH1750 = Chip(
    kind="bh1750",
    title="ROHM BH1750, illuminance",
    addresses=(0x23, 0x5C),  # ADDR low, high
    fields=FIELDS,
    derive=derive,
)
