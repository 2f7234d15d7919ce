"""Sensirion SHT30, SHT31, SHT35: temperature and humidity of the air. Sections are those of the datasheet, version 7.

Rules:
1. Every poll starts one measurement of high repeatability and fetches it; between polls the chip sleeps.
2. It is started by 0x2400 and never by 0x2C06, which holds the clock until it is done: a Raspberry Pi up to the 4 reads
   wrong bits then (4.3, "clock stretching").
3. The heater is never used and nothing is reset.
"""

from __future__ import annotations

from fractions import Fraction

from services.sensor_reader.core.chips.model import AIR_FIRST, Chip
from services.sensor_reader.core.registers.checksums import CRC8_A_WORD
from services.sensor_reader.core.registers.fields import Block, Field, Register, bits

# At most 15.5 ms (2.2, Table 4, "low VDD"). A read too soon is not acknowledged (4.3).
MEASURE = Block(b"\x24\x00", 4, how="plain", check=CRC8_A_WORD, wait_s=0.016, again=2)
TEMPERATURE = Register("temperature", MEASURE, 0)
HUMIDITY = Register("humidity", MEASURE, 2)

FIELDS = (
    # name               register  bits     step                   unit  source
    Field("temperature", TEMPERATURE, bits(15, 0), Fraction(175, 65535), "°C", "4.13",
          zero=Fraction(-45), channel="{measures}_temperature"),
    Field("humidity", HUMIDITY, bits(15, 0), Fraction(100, 65535), "%", "4.13", channel="relative_humidity"),
)  # fmt: skip

SHT3X = Chip(
    kind="sht3x",
    title="Sensirion SHT3x, air temperature and humidity",
    addresses=(0x44, 0x45),
    fields=FIELDS,
    measures=AIR_FIRST,
)
