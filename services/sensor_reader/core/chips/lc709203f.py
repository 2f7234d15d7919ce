"""ON Semiconductor LC709203F: a fuel gauge whose every answer bears a PEC. Registers as in the datasheet, LC709203F/D.

Rules:
1. The address 0x0B is also that of every SMBus battery. The PEC distinguishes them: that of another does not check.
2. The temperature is one only where the gauge measures it itself (status bit 0): otherwise it shows what somebody wrote
   into it, 25 °C if nobody did.
3. Asleep (power mode 2) the gauge shows what it last had, so that is no reading.
4. Nothing is written; the initial RSOC commands (07h, 04h) make the gauge guess anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip, Identity
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.reading import Doubt, Reading
from services.sensor_reader.core.registers.checksums import SMBUS_PEC
from services.sensor_reader.core.registers.fields import Field, Register, bit, bits, word


def _register(name: str, command: int) -> Register:
    return word(name, command, "little", SMBUS_PEC)


VOLTAGE, ITE = _register("voltage", 0x09), _register("ite", 0x0F)
TEMPERATURE, STATUS, POWER = _register("temperature", 0x08), _register("status", 0x16), _register("power_mode", 0x15)
VERSION = _register("version", 0x11)
SLEEP = 2

FIELDS = (
    # name             register     bits     step           unit source
    Field("asleep", POWER, bits(15, 0), Fraction(1), "", "15h: 1 operational, 2 sleep"),
    Field("thermistor", STATUS, bit(0), Fraction(1), "", "16h: 1 measured, 0 written over the bus"),
    Field("voltage", VOLTAGE, bits(15, 0), Fraction("0.001"), "V", "09h: mV",
          channel="battery_voltage", never=(0, 0xFFFF), void=("asleep", SLEEP)),
    Field("charge", ITE, bits(15, 0), Fraction("0.1"), "%", "0Fh: 0.1 %", channel="state_of_charge",
          clamp=(0.0, 100.0), never=(0xFFFF,), void=("asleep", SLEEP)),
    Field("temperature", TEMPERATURE, bits(15, 0), Fraction("0.1"), "°C", "08h: 0.1 K", zero=Fraction("-273.15"),
          channel="battery_temperature", void=("thermistor", 0)),
)  # fmt: skip


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Say so when the gauge sleeps."""
    if words.get(POWER.name) != SLEEP:
        return Reading()
    return Reading(doubts=(Doubt("asleep", "the gauge sleeps (15h reads 2) and shows old values; wake it: 15h = 1"),))


LC709203F = Chip(
    kind="lc709203f",
    title="ON Semiconductor LC709203F, fuel gauge",
    addresses=(0x0B,),
    fields=FIELDS,
    identity=Identity(VERSION, 0x0000, (0x0000,)),  # any version will do: that its PEC is right identifies it
    derive=derive,
)
