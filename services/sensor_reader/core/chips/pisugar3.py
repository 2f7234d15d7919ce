"""PiSugar 3: its controller. Registers as in PiSugar's ``pisugar3.rs``.

Rules:
1. Every byte is read alone. The two of a word may be of two moments, so they are read until two in a row agree.
2. The state of charge is the controller's own; PiSugar's software works one out by a curve from the voltage instead.
3. "Charging allowed" is a setting and no state: whether it charges is not reported.
4. Writes are protected (from firmware 1.2.4): 0x29 in 0Bh lifts that, and it is put back at once.
5. Other software may poll an SCD30 at 0x61 on the same bus: PiSugar's own disturbs it (pisugar-power-manager-rs#129).
"""

from __future__ import annotations

from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.power_cut import PowerCut, RegisterWrite
from services.sensor_reader.core.registers.fields import Block, Field, Register, bit, bits, byte


def _pair(name: str, high: int) -> Register:
    return Register(name, Block(bytes([high]), 2, how="bytes", twice=True), 0, 2, "big")


CONTROL, TEMPERATURE, PERCENT = byte("control", 0x02), byte("temperature", 0x04), byte("percent", 0x2A)
PROTECTION, DELAY = byte("write_protection", 0x0B), byte("output_off_delay", 0x09)
VOLTAGE, OUTPUT = _pair("voltage", 0x22), _pair("output", 0x26)
MILLI, FLAG = Fraction("0.001"), Fraction(1)

FIELDS = (
    # name               register bits     step  unit source
    Field("plugged", CONTROL, bit(7), FLAG, "", "pisugar3.rs is_power_plugged",
          channel="ac_present", means={0: False, 1: True}),
    Field("charging_allowed", CONTROL, bit(6), FLAG, "", "pisugar3.rs is_allow_charging"),
    Field("output_on", CONTROL, bit(5), FLAG, "", "pisugar3.rs read_output_enabled",
          channel="output_on", means={0: False, 1: True}),
    Field("temperature", TEMPERATURE, bits(7, 0), FLAG, "°C", "pisugar3.rs read_temp", zero=Fraction(-40),
          channel="board_temperature", never=(0, 0xFF)),
    Field("voltage", VOLTAGE, bits(15, 0), MILLI, "V", "pisugar3.rs read_voltage",
          channel="battery_voltage", never=(0, 0xFFFF)),
    Field("output_current", OUTPUT, bits(15, 0), MILLI, "A", "pisugar3.rs read_output_current",
          channel="output_current", never=(0xFFFF,)),
    Field("charge", PERCENT, bits(7, 0), FLAG, "%", "pisugar3.rs read_percent",
          channel="state_of_charge", never=range(101, 256)),
)  # fmt: skip

PISUGAR3 = Chip(
    kind="pisugar3",
    title="PiSugar 3, controller",
    addresses=(0x57,),
    fields=FIELDS,
    power_cut=PowerCut(
        steps=(
            RegisterWrite(PROTECTION, 0x29, shows=False),
            RegisterWrite(DELAY),
            RegisterWrite(CONTROL, 0x00, mask=0x20, shows=False),
        ),
        after=(RegisterWrite(PROTECTION, 0x00, shows=False),),
        least_s=1,
        most_s=255,
        source="PiSugar3 I2C Datasheet: write protection, delayed output off; pisugar3.rs toggle_output_enabled",
    ),
)
