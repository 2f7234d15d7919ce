"""TI BQ25895: a charger with an ADC. Registers as in the datasheet, SLUSC88, and Linux ``bq25890_charger.c``.

Rules:
1. The ADC stops when the board runs on the battery, so every poll starts one conversion (REG02 bit 7) and reads the one
   before it. No other bit of any register is changed: REG09 could cut the power.
2. REG0C keeps faults until it is read, once: what it shows was so since the poll before. It is read alone.
3. VBUS counts only while it is good: without a supply the ADC shows its lowest step.
4. The current is that of charging; of discharging the chip knows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.faults import fault_channel
from services.sensor_reader.core.chips.model import Chip, Identity, Setting
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.core.registers.fields import Block, Field, Register, bit, bits, byte

CONTROL = Register("control", Block(b"\x02", 1, twice=True), 0, 1)
STATUS, FAULT, PART = byte("status", 0x0B), byte("fault", 0x0C), byte("part", 0x14)
ADC = Block(b"\x0e", 5)  # REG0E to REG12
BATV, SYSV, VBUS, ICHG = (
    Register(name, ADC, at, 1) for name, at in (("batv", 0), ("sysv", 1), ("vbus", 3), ("ichg", 4))
)

FLAG, TWENTY = Fraction(1), Fraction("0.02")
CHARGING = {0: False, 1: True, 2: True, 3: False}  # not, pre-charge, fast, done

FIELDS = (
    # name               register bits     step  unit source
    Field("charge_status", STATUS, bits(4, 3), FLAG, "", "REG0B", channel="charging", means=CHARGING),
    Field("power_good", STATUS, bit(2), FLAG, "", "REG0B", channel="ac_present", means={0: False, 1: True}),
    Field("watchdog_fault", FAULT, bit(7), FLAG, "", "REG0C"),
    Field("boost_fault", FAULT, bit(6), FLAG, "", "REG0C"),
    Field("charge_fault", FAULT, bits(5, 4), FLAG, "", "REG0C: 1 input, 2 hot, 3 timer"),
    Field("battery_fault", FAULT, bit(3), FLAG, "", "REG0C: overvoltage"),
    Field("temperature_fault", FAULT, bits(2, 0), FLAG, "", "REG0C"),
    Field("voltage", BATV, bits(6, 0), TWENTY, "V", "REG0E", zero=Fraction("2.304"),
          channel="battery_voltage", never=(0, 0x7F)),
    Field("system_voltage", SYSV, bits(6, 0), TWENTY, "V", "REG0F", zero=Fraction("2.304")),
    Field("supply_good", VBUS, bit(7), FLAG, "", "REG11, VBUS_GD"),
    Field("supply_voltage", VBUS, bits(6, 0), Fraction("0.1"), "V", "REG11", zero=Fraction("2.6"),
          channel="input_voltage", void=("supply_good", 0)),
    Field("charge_current", ICHG, bits(6, 0), Fraction("0.05"), "A", "REG12", channel="charge_current"),
)  # fmt: skip

FLAGS = ("watchdog_fault", "boost_fault", "battery_fault", "temperature_fault")
CHARGE_FAULTS = {1: "input_fault", 2: "thermal_shutdown", 3: "charge_timer"}


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Return the faults by name."""
    kind = CHARGE_FAULTS.get(int(decoded["charge_fault"]))
    return Reading(fault_channel(decoded, FLAGS, [kind] if kind else []))


BQ25895 = Chip(
    kind="bq25895",
    title="TI BQ25895, charger",
    addresses=(0x6A,),
    fields=FIELDS,
    identity=Identity(PART, 0x38, (0x38,)),  # REG14: PN 111; a BQ25890 shows 011, a BQ25896 000
    settings=(Setting(CONTROL, 0x80, 0x80, "REG02: CONV_START, one conversion", clears_itself=True),),
    derive=derive,
)
