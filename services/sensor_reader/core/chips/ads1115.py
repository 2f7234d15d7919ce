"""TI ADS1115: four analog inputs, for soil probes and whatever else gives a voltage. Names: datasheet, SBAS444.

Rules:
1. Every poll converts each input in use once, by itself ("single-shot mode"): the conversion is started, waited for,
   and read when OS says that it is done. So no value is ever that of the input before, as it is in the continuous mode
   after a change of the multiplexer.
2. What a voltage means is the mount's affair. A word at either end of the range is no voltage but a lack of range.
3. No input may see more than the supply plus 0.3 V, whatever the range ("absolute maximum ratings"): a divider before
   it, and its factor as ``gain``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.mount import Analog, Mount
from services.sensor_reader.core.reading import Doubt, Reading
from services.sensor_reader.core.registers.fields import Block, Command, Done, Field, Register, bits, word

# Config register, MUX: what is measured against what; None is ground.
MUX = {(0, 1): 0, (0, 3): 1, (1, 3): 2, (2, 3): 3, (0, None): 4, (1, None): 5, (2, None): 6, (3, None): 7}
PGA = {6.144: 0, 4.096: 1, 2.048: 2, 1.024: 3, 0.512: 4, 0.256: 5}  # config register, PGA: the range, in V either way
START, SINGLE, RATE_128, NO_COMPARATOR = 0x8000, 0x0100, 0x0080, 0x0003
ENDS = (0x7FFF, 0x8000)
CONFIGURATION = word("configuration", 0x01)

VOLTAGES = tuple(Analog(number, f"ain{number}_voltage") for number in range(4))


def _field(analog: Analog) -> Field:
    mux, pga = MUX[analog.number, analog.against], PGA[analog.range_v]
    config = START | mux << 12 | pga << 9 | SINGLE | RATE_128 | NO_COMPARATOR
    # 7.8 ms at 128 a second, 10 % more at most, and waking up takes 25 µs.
    start = Command(b"\x01" + config.to_bytes(2, "big"), f"converts {analog.name} once", wait_s=0.009)
    block = Block(b"\x00", 2, wait_s=0.002, before=(start,), done=Done(CONFIGURATION, START))
    step = Fraction(str(analog.range_v)) / 32768
    return Field(
        analog.name,
        Register(analog.name, block),
        bits(15, 0),
        step,
        "V",
        "conversion register; full-scale range / 2^15",
        form="signed",
    )


def wired(chip: Chip, mount: Mount) -> Chip:
    """Return the chip with the inputs in use, each in its range."""
    return replace(chip, fields=tuple(_field(analog) for analog in mount.analog or VOLTAGES))


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:
    """Return the channels of the voltages, with a doubt for each one out of range."""
    read = [analog for analog in mount.analog or VOLTAGES if analog.name in decoded]
    within = {each.channel: each.value(decoded[each.name]) for each in read if words[each.name] not in ENDS}
    beyond = tuple(_beyond(each, decoded[each.name]) for each in read if words[each.name] in ENDS)
    return Reading(within, beyond)


def _beyond(analog: Analog, volts: float) -> Doubt:
    detail = f"{analog.name} reads {volts:.4g} V, the end of its range of {analog.range_v:g} V: no {analog.channel}"
    return Doubt("saturated", detail, analog.channel)


ADS1115 = Chip(
    kind="ads1115",
    title="TI ADS1115, four analog inputs",
    addresses=(0x48, 0x49, 0x4A, 0x4B),  # ADDR at ground, V+, SDA, SCL
    fields=tuple(_field(analog) for analog in VOLTAGES),
    wired=wired,
    derive=derive,
)
