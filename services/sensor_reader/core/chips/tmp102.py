"""TI TMP102: a thermometer, as a rule for the board it sits on. Names are those of the datasheet, SBOS397.

Rules:
1. The temperature word says itself whether it has 12 bits or 13 (D0): the extended mode, which somebody may
   have set for more than 128 °C, needs no second read, and is left as it is.
2. A chip that was shut down keeps showing its last temperature, so the bit SD is cleared where it is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip, Setting
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.core.registers.fields import Field, bit, bits, word

TEMPERATURE = word("temperature", 0x00)
CONFIGURATION = word("configuration", 0x01)
SHUT_DOWN = 0x0100

STEP = Fraction("0.0625")

FIELDS = (
    # name             register   bits     step unit  source
    Field("normal", TEMPERATURE, bits(15, 4), STEP, "°C", "temperature register, 12 bits", form="signed"),
    Field("finer", TEMPERATURE, bit(3), STEP, "°C", "temperature register: in the extended mode the last of 13 bits"),
    Field("extended", TEMPERATURE, bit(0), Fraction(1), "", "temperature register, D0: 1 in the extended mode"),
)  # fmt: skip


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Return the temperature; the bits of the extended mode stand one place further left."""
    normal = decoded["normal"]
    celsius = 2 * normal + decoded["finer"] if decoded["extended"] else normal
    return Reading({f"{mount.measures}_temperature": celsius})


TMP102 = Chip(
    kind="tmp102",
    title="TI TMP102, thermometer",
    addresses=(0x48, 0x49, 0x4A, 0x4B),  # ADD0 at ground, V+, SDA, SCL
    fields=FIELDS,
    settings=(Setting(CONFIGURATION, SHUT_DOWN, 0, "configuration register, SD: not shut down"),),
    derive=derive,
    measures=("board", "air", "battery"),
)
