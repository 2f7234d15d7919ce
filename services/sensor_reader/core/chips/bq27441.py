"""TI BQ27441-G1: a fuel gauge. Commands as in the technical reference, SLUUAC9, and Linux ``bq27421_regs``.

Rules:
1. Everything is read in one block of 32 bytes, low byte first: of one moment.
2. ITPOR says that the gauge was reset and has forgotten which battery it watches: charge and health are then of a
   battery it only assumes, so they are left out until the maker's tool has set it again. Nothing is written here.
3. Which temperature it shows depends on how it was set up; without that it is the gauge's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.reading import Doubt, Reading
from services.sensor_reader.core.registers.fields import Block, Field, Register, bit, bits

ALL = Block(b"\x02", 32)


def _register(name: str, address: int) -> Register:
    return Register(name, ALL, address - 0x02, 2, "little")


FLAGS, SOH = _register("flags", 0x06), _register("soh", 0x20)
MILLI, FLAG = Fraction("0.001"), Fraction(1)
FORGOTTEN = ("forgotten", 1)

FIELDS = (
    # name             register                      bits     step  unit source
    Field("temperature", _register("temperature", 0x02), bits(15, 0), Fraction("0.1"), "°C", "Temperature: 0.1 K",
          zero=Fraction("-273.15"), channel="board_temperature", never=(0,)),
    Field("voltage", _register("voltage", 0x04), bits(15, 0), MILLI, "V", "Voltage: mV",
          channel="battery_voltage", never=(0, 0xFFFF)),
    Field("full", FLAGS, bit(9), FLAG, "", "Flags, FC"),
    Field("forgotten", FLAGS, bit(5), FLAG, "", "Flags, ITPOR"),
    Field("present", FLAGS, bit(3), FLAG, "", "Flags, BAT_DET", channel="battery_present", means={0: False, 1: True}),
    Field("remaining", _register("remaining", 0x0C), bits(15, 0), MILLI, "Ah", "RemainingCapacity: mAh",
          channel="remaining_capacity", never=(0xFFFF,), void=FORGOTTEN),
    Field("current", _register("current", 0x10), bits(15, 0), MILLI, "A", "AverageCurrent: mA, negative discharges",
          form="signed", channel="battery_current", never=(-0x8000,)),
    Field("charge", _register("charge", 0x1C), bits(15, 0), FLAG, "%", "StateOfCharge",
          channel="state_of_charge", clamp=(0.0, 100.0), never=range(256, 0x10000), void=FORGOTTEN),
    Field("health", SOH, bits(7, 0), FLAG, "%", "StateOfHealth, low byte",
          channel="battery_health", clamp=(0.0, 100.0), void=FORGOTTEN),
)  # fmt: skip


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Say so when the gauge has forgotten its battery."""
    if not decoded["forgotten"]:
        return Reading()
    return Reading(doubts=(Doubt("reset", "ITPOR is set: the gauge was reset and needs its battery's data again"),))


BQ27441 = Chip(
    kind="bq27441",
    title="TI BQ27441-G1, fuel gauge",
    addresses=(0x55,),
    fields=FIELDS,  # no identity: DEVICE_TYPE has to be asked for by a write
    derive=derive,
)
