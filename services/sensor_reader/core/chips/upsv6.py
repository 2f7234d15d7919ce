"""52Pi (GeeekPi) UPS, generation 6: its controller. Registers as in the maker's ``read_device.py`` (geeekpi/upsv6_pub).

Rules:
1. Everything is read in one block, low byte first: of one moment.
2. It sits where the UPS Plus does. Register 00h distinguishes it: 0xA6.
3. An error of its ADC (status bit 6) makes every number doubtful, so there are none then.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.faults import fault_channel
from services.sensor_reader.core.chips.model import Chip, Identity
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.core.registers.fields import Block, Field, Register, bit, bits, byte

ALL = Block(b"\x0e", 19)  # 0Eh to 20h
WHO = byte("who_am_i", 0x00)
STATUS = Register("status", ALL, 17, 1)
SOURCE = "read_device.py"
MILLI, FLAG = Fraction("0.001"), Fraction(1)
BROKEN = ("adc_error", 1)


def _word(name: str, address: int) -> Register:
    return Register(name, ALL, address - 0x0E, 2, "little")


FIELDS = (
    # name              register            bits     step  unit source
    Field("output_voltage", _word("vout", 0x0E), bits(15, 0), MILLI, "V", SOURCE,
          channel="output_voltage", void=BROKEN),
    Field("supply_voltage", _word("vin", 0x10), bits(15, 0), MILLI, "V", SOURCE, channel="input_voltage", void=BROKEN),
    Field("voltage", _word("vbat", 0x12), bits(15, 0), MILLI, "V", SOURCE, channel="battery_voltage", void=BROKEN),
    Field("mcu_voltage", _word("vmcu", 0x14), bits(15, 0), MILLI, "V", SOURCE, void=BROKEN),
    Field("output_current", _word("iout", 0x16), bits(15, 0), MILLI, "A", SOURCE,
          channel="output_current", void=BROKEN),
    Field("supply_current", _word("iin", 0x18), bits(15, 0), MILLI, "A", SOURCE, channel="input_current", void=BROKEN),
    Field("current", _word("ibat", 0x1A), bits(15, 0), MILLI, "A", f"{SOURCE}: positive charges", form="signed",
          channel="battery_current", void=BROKEN),
    Field("temperature", Register("temperature", ALL, 14, 1), bits(7, 0), FLAG, "°C", SOURCE, form="signed",
          channel="board_temperature", void=BROKEN),
    Field("battery_failure", STATUS, bit(7), FLAG, "", f"{SOURCE} sr1"),
    Field("adc_error", STATUS, bit(6), FLAG, "", f"{SOURCE} sr1"),
    Field("battery_low", STATUS, bit(5), FLAG, "", f"{SOURCE} sr1"),
    Field("output_low", STATUS, bit(4), FLAG, "", f"{SOURCE} sr1"),
    Field("input_low", STATUS, bit(3), FLAG, "", f"{SOURCE} sr1", channel="ac_present", means={0: True, 1: False}),
    Field("discharging", STATUS, bit(2), FLAG, "", f"{SOURCE} sr1", channel="charging", means={0: True, 1: False}),
    Field("slow_charge", STATUS, bit(1), FLAG, "", f"{SOURCE} sr1"),
    Field("output_on", STATUS, bit(0), FLAG, "", f"{SOURCE} sr1", channel="output_on", means={0: False, 1: True}),
)  # fmt: skip


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Return the faults by name."""
    return Reading(fault_channel(decoded, ("battery_failure", "adc_error", "output_low")))


UPSV6 = Chip(
    kind="upsv6",
    title="52Pi UPS generation 6, controller",
    addresses=(0x17,),
    fields=FIELDS,
    identity=Identity(WHO, 0xFF, (0xA6,)),
    derive=derive,
)
