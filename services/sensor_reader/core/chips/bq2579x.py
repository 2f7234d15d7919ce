"""TI BQ25792 and BQ25798: chargers for one to four cells with an ADC. Registers as in the datasheet, SLUSDG1, 9.5.1.

Rules:
1. The ADC is off after power-on, and so is the sensing of discharge (p. 84): both are switched on, and again when they
   are found off. The watchdog would take that back after 40 s, so every poll resets it (p. 63), as a host is meant to.
2. Faults are read from the status registers, 20h and 21h. The flag registers 22h to 27h forget when they are read, and
   belong to the one who waits for the interrupt.
3. Multi-byte registers go high byte first.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.faults import fault_channel
from services.sensor_reader.core.chips.model import Chip, Identity, Setting
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.core.registers.fields import Block, Field, Register, bit, bits, byte

STATUS = Block(b"\x1b", 7)  # 1Bh to 21h
ADC = Block(b"\x31", 18)  # 31h to 42h
ST0, ST1, ST2, F0, F1 = (
    Register(name, STATUS, at, 1) for name, at in (("st0", 0), ("st1", 1), ("st2", 2), ("f0", 5), ("f1", 6))
)
IBUS, IBAT, VBUS, VBAT, TDIE = (
    Register(name, ADC, at, 2) for name, at in (("ibus", 0), ("ibat", 2), ("vbus", 4), ("vbat", 10), ("tdie", 16))
)
ADC_CONTROL, CONTROL_5, CONTROL_1 = (
    Register(name, Block(bytes([at]), 1, twice=True), 0, 1) for name, at in (("adc", 0x2E), ("c5", 0x14), ("c1", 0x10))
)
PART = byte("part", 0x48)

MILLI, FLAG = Fraction("0.001"), Fraction(1)
YES = {0: False, 1: True}
CHARGING = {
    0: False,
    1: True,
    2: True,
    3: True,
    4: True,
    6: True,
    7: False,
}

FIELDS = (
    # name            register bits     step  unit source
    Field("power_good", ST0, bit(3), FLAG, "", "1Bh, PG_STAT", channel="ac_present", means=YES),
    Field("charge_status", ST1, bits(7, 5), FLAG, "", "1Ch, CHG_STAT: 6 top-off, 7 done",
          channel="charging", means=CHARGING),
    Field("present", ST2, bit(0), FLAG, "", "1Dh, VBAT_PRESENT", channel="battery_present", means=YES),
    Field("input_overvoltage", F0, bit(6), FLAG, "", "20h, VBUS_OVP"),
    Field("battery_overvoltage", F0, bit(5), FLAG, "", "20h, VBAT_OVP"),
    Field("input_overcurrent", F0, bit(4), FLAG, "", "20h, IBUS_OCP"),
    Field("battery_overcurrent", F0, bit(3), FLAG, "", "20h, IBAT_OCP"),
    Field("converter_overcurrent", F0, bit(2), FLAG, "", "20h, CONV_OCP"),
    Field("output_short", F1, bit(7), FLAG, "", "21h, VSYS_SHORT"),
    Field("output_overvoltage", F1, bit(6), FLAG, "", "21h, VSYS_OVP"),
    Field("thermal_shutdown", F1, bit(2), FLAG, "", "21h, TSHUT"),
    Field("supply_current", IBUS, bits(15, 0), MILLI, "A", "31h: mA", form="signed", channel="input_current"),
    Field("current", IBAT, bits(15, 0), MILLI, "A", "33h: mA, positive charges", form="signed",
          channel="battery_current"),
    Field("supply_voltage", VBUS, bits(15, 0), MILLI, "V", "35h: mV", channel="input_voltage"),
    Field("voltage", VBAT, bits(15, 0), MILLI, "V", "3Bh: mV", channel="battery_voltage", never=(0xFFFF,)),
    Field("temperature", TDIE, bits(15, 0), Fraction("0.5"), "°C", "41h: 0.5 °C", form="signed",
          channel="board_temperature"),
)  # fmt: skip

FLAGS = tuple(field.name for field in FIELDS if field.register in (F0, F1))


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Return the faults by name."""
    return Reading(fault_channel(decoded, FLAGS))


SETTINGS = (
    Setting(ADC_CONTROL, 0x80, 0x80, "2Eh: ADC_EN"),
    Setting(CONTROL_5, 0x20, 0x20, "14h: EN_IBAT, discharge is sensed"),
    Setting(CONTROL_1, 0x08, 0x08, "10h: WD_RST, the watchdog begins anew", clears_itself=True),
)

BQ2579X = tuple(
    Chip(
        kind=kind,
        title=f"TI {kind.upper()}, charger",
        addresses=(0x6B,),
        fields=FIELDS,
        identity=Identity(PART, 0x38, (number << 3,)),  # 48h
        settings=SETTINGS,
        derive=derive,
    )
    for kind, number in (("bq25792", 1), ("bq25798", 3))
)
