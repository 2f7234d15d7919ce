"""Bosch BME280: temperature, humidity and pressure of the air. Sections are those of the datasheet, BST-BME280-DS002.

Rules:
1. Every poll starts one forced measurement, each quantity once (5.4.3, 5.4.5; "weather monitoring" of 3.5.1); between
   polls the chip sleeps.
2. ctrl_hum is written before ctrl_meas, since only the latter makes it count (5.4.3).
3. Status and data come in one transaction, so a measurement that goes on is seen and not believed (5.4.4).
4. The chip's trimming is read in every poll too: 33 bytes, and nothing is remembered that another chip could belie.
5. What was not measured shows 0x80000, or 0x8000 for humidity (5.4.3, 5.4.5), and is no reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.sensor_reader.core.chips.bme280_formulas import Trim, fine, humidity, pressure, temperature
from services.sensor_reader.core.chips.model import AIR_FIRST, Chip, Identity, Ready
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.core.registers.fields import Block, Command, Field, Form, Register, bit, bits, byte

ONE = Fraction(1)
IDENTITY = byte("id", 0xD0)  # a BMP280, which has no humidity, shows 0x58
TRIM_TP = Block(b"\x88", 26)
TRIM_H = Block(b"\xe1", 7)
START = (
    Command(b"\xf2\x01", "5.4.3, ctrl_hum: humidity once"),
    Command(
        b"\xf4\x25", "5.4.5, ctrl_meas: temperature and pressure once, forced", wait_s=0.01
    ),  # 9.3 ms at most (9.1)
)
MEASURED = Block(b"\xf3", 12, before=START)
STATUS = Register("status", MEASURED, 0, 1)
MEASURING = 0x08


def _trim(name: str, block: Block, offset: int, form: Form = "signed", size: int = 2) -> Field:
    register = Register(name, block, offset, size, "little")
    return Field(name, register, bits(8 * size - 1, 0), ONE, "", "4.2.2, Table 16", form=form)


H4 = Register("h4_high", TRIM_H, 3, 1)  # E4: bits 11 to 4 of H4, with the sign
H4_H5 = Register("h4_low_h5", TRIM_H, 4, 2, "little")  # E5, E6: bits 3 to 0 of H4, then all of H5

FIELDS = (
    _trim("t1", TRIM_TP, 0, "unsigned"), _trim("t2", TRIM_TP, 2), _trim("t3", TRIM_TP, 4),
    _trim("p1", TRIM_TP, 6, "unsigned"), *(_trim(f"p{n}", TRIM_TP, 4 + 2 * n) for n in range(2, 10)),
    _trim("h1", TRIM_TP, 25, "unsigned", 1),
    _trim("h2", TRIM_H, 0), _trim("h3", TRIM_H, 2, "unsigned", 1),
    Field("h4_high", H4, bits(7, 0), ONE, "", "4.2.2, Table 16", form="signed"),
    Field("h4_low", H4_H5, bits(3, 0), ONE, "", "4.2.2, Table 16"),
    Field("h5", H4_H5, bits(15, 4), ONE, "", "4.2.2, Table 16", form="signed"),
    _trim("h6", TRIM_H, 6, size=1),
    # name               register                                  bits             source
    Field("measuring", STATUS, bit(3), ONE, "", "5.4.4"),
    Field("pressure", Register("pressure", MEASURED, 4, 3), bits(23, 4), ONE, "", "5.4.7", never=(0x80000,)),
    Field("temperature", Register("temperature", MEASURED, 7, 3), bits(23, 4), ONE, "", "5.4.8", never=(0x80000,)),
    Field("humidity", Register("humidity", MEASURED, 10, 2), bits(15, 0), ONE, "", "5.4.9", never=(0x8000,)),
)  # fmt: skip


def trim_of(decoded: Mapping[str, float]) -> Trim:
    """Return the trimming of a chip from its fields."""
    whole = {name: int(value) for name, value in decoded.items()}
    return Trim(
        (whole["t1"], whole["t2"], whole["t3"]),
        tuple(whole[f"p{n}"] for n in range(1, 10)),
        (whole["h1"], whole["h2"], whole["h3"], whole["h4_high"] * 16 + whole["h4_low"], whole["h5"], whole["h6"]),
    )


def derive(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Return what the raw numbers mean with this chip's trimming; without a temperature nothing can be said."""
    if "temperature" not in decoded:
        return Reading()
    trim = trim_of(decoded)
    warmth = fine(trim, int(decoded["temperature"]))
    values = {f"{mount.measures}_temperature": temperature(warmth)}
    if "humidity" in decoded:
        values["relative_humidity"] = humidity(trim, warmth, int(decoded["humidity"]))
    if "pressure" in decoded:
        values["air_pressure"] = pressure(trim, warmth, int(decoded["pressure"]))
    return Reading(values)


BME280 = Chip(
    kind="bme280",
    title="Bosch BME280, air temperature, humidity and pressure",
    addresses=(0x76, 0x77),
    fields=FIELDS,
    identity=Identity(IDENTITY, 0xFF, (0x60,)),
    ready=(Ready(STATUS, MEASURING, MEASURING),),
    derive=derive,
    measures=AIR_FIRST,
)
