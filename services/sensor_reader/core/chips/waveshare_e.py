"""Waveshare UPS HAT (E): its controller. Registers as in int08h/waveshare-ups-hat-e ``registers.rs``.

Rules:
1. Blocks go low byte first. Negative currents are two's complement; the maker's code is off by one there (65535).
2. When the controller has lost its gauge (register 03h bit 1), everything of the battery is old and is left out.
3. The time to empty is one only while discharging, the time to full only while charging (``lib.rs``).
4. Register 01h = 55h cuts the power after 30 s, for good; no poll touches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.chips.power_cut import PowerCut, RegisterWrite
from services.sensor_reader.core.reading import Doubt, Reading
from services.sensor_reader.core.registers.fields import Block, Field, Register, bit, bits, byte

POWER_OFF, STATE, LINKS = byte("power_off", 0x01), byte("state", 0x02), byte("links", 0x03)
SUPPLY, BATTERY, CELLS = Block(b"\x10", 6), Block(b"\x20", 12), Block(b"\x30", 8)
MILLI, FLAG, MINUTE = Fraction("0.001"), Fraction(1), Fraction(60)
YES = {0: False, 1: True}
LOST = ("gauge_ok", 0)
UNKNOWN_S = 60 * 0xFFFF  # as every smart battery says it (Smart Battery Data Specification 1.1, 5.1.13)


def _at(name: str, block: Block, offset: int) -> Register:
    return Register(name, block, offset, 2, "little")


FIELDS = (
    # name               register bits     step  unit source
    Field("charging", STATE, bit(7), FLAG, "", "registers.rs 02h", channel="charging", means=YES),
    Field("fast", STATE, bit(6), FLAG, "", "registers.rs 02h, USB PD"),
    Field("supply", STATE, bit(5), FLAG, "", "registers.rs 02h, VBUS", channel="ac_present", means=YES),
    Field("activity", STATE, bits(2, 0), FLAG, "",
          "registers.rs 02h: standby, trickle, CC, CV, pending, full, timeout"),
    Field("gauge_ok", LINKS, bit(1), FLAG, "", "registers.rs 03h, BQ4050"),
    Field("charger_ok", LINKS, bit(0), FLAG, "", "registers.rs 03h, IP2368"),
    Field("supply_voltage", _at("vbus", SUPPLY, 0), bits(15, 0), MILLI, "V", "lib.rs 10h", channel="input_voltage"),
    Field("supply_current", _at("ibus", SUPPLY, 2), bits(15, 0), MILLI, "A", "lib.rs 10h", channel="input_current"),
    Field("supply_power", _at("pbus", SUPPLY, 4), bits(15, 0), MILLI, "W", "lib.rs 10h", channel="input_power"),
    Field("voltage", _at("vbat", BATTERY, 0), bits(15, 0), MILLI, "V", "lib.rs 20h",
          channel="battery_voltage", never=(0xFFFF,), void=LOST),
    Field("current", _at("ibat", BATTERY, 2), bits(15, 0), MILLI, "A", "lib.rs 20h: negative discharges", form="signed",
          channel="battery_current", void=LOST),
    Field("charge", _at("percent", BATTERY, 4), bits(15, 0), FLAG, "%", "lib.rs 20h",
          channel="state_of_charge", never=range(101, 0x10000), void=LOST),
    Field("remaining", _at("remaining", BATTERY, 6), bits(15, 0), MILLI, "Ah", "lib.rs 20h",
          channel="remaining_capacity", void=LOST),
    Field("to_empty", _at("to_empty", BATTERY, 8), bits(15, 0), MINUTE, "s", "lib.rs 20h: minutes", void=LOST),
    Field("to_full", _at("to_full", BATTERY, 10), bits(15, 0), MINUTE, "s", "lib.rs 20h: minutes", void=LOST),
    *(Field(f"cell_{n}", _at(f"cell_{n}", CELLS, 2 * n - 2), bits(15, 0), MILLI, "V", "lib.rs 30h",
            channel=f"cell_{n}_voltage", never=(0xFFFF,), void=LOST) for n in (1, 2, 3, 4)),
)  # fmt: skip


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Return the lowest cell and the time that applies."""
    if not decoded["gauge_ok"]:
        return Reading(doubts=(Doubt("implausible", "the HAT has lost its gauge (03h bit 1): nothing of the battery"),))
    cells = [decoded[f"cell_{n}"] for n in (1, 2, 3, 4) if f"cell_{n}" in decoded]
    values = {"cell_voltage": min(cells)} if cells else {}
    name, channel = ("to_empty", "runtime_left_s") if decoded["current"] < 0 else ("to_full", "time_to_full_s")
    if decoded["current"] != 0 and decoded[name] != UNKNOWN_S:
        values[channel] = decoded[name]
    faults = () if decoded["charger_ok"] else (Doubt("implausible", "the HAT has lost its charger (03h bit 0)"),)
    return Reading(values, faults)


WAVESHARE_E = Chip(
    kind="waveshare_ups_e",
    title="Waveshare UPS HAT (E), controller",
    addresses=(0x2D,),
    fields=FIELDS,
    derive=derive,
    power_cut=PowerCut((RegisterWrite(POWER_OFF, 0x55),), 30, 30, "lib.rs force_power_off", final=True),
)
