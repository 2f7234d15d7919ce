"""Sensirion SHT40, SHT41, SHT45: temperature and humidity of the air. Sections are those of the datasheet, version 6.

Rules:
1. Every poll starts one measurement of high repeatability (command 0xFD) and fetches it; between polls the chip sleeps.
2. The heater is never used and nothing is reset.
3. Humidity may come out between -6 and 119 %, and is held to 0…100 (4.6).
"""

from __future__ import annotations

from fractions import Fraction

from services.sensor_reader.core.chips.model import AIR_FIRST, Chip
from services.sensor_reader.core.registers.checksums import CRC8_A_WORD
from services.sensor_reader.core.registers.fields import Block, Field, Register, bits

# At most 8.3 ms (3.1, Table 4); what the maker's own driver waits. A read too soon is not acknowledged.
MEASURE = Block(b"\xfd", 4, how="plain", check=CRC8_A_WORD, wait_s=0.01, again=2)
TEMPERATURE = Register("temperature", MEASURE, 0)
HUMIDITY = Register("humidity", MEASURE, 2)

FIELDS = (
    # name               register  bits     step                   unit  source
    Field("temperature", TEMPERATURE, bits(15, 0), Fraction(175, 65535), "°C", "4.6, equation 2",
          zero=Fraction(-45), channel="{measures}_temperature"),
    Field("humidity", HUMIDITY, bits(15, 0), Fraction(125, 65535), "%", "4.6, equation 1",
          zero=Fraction(-6), channel="relative_humidity", clamp=(0.0, 100.0)),
)  # fmt: skip

SHT4X = Chip(
    kind="sht4x",
    title="Sensirion SHT4x, air temperature and humidity",
    addresses=(0x44, 0x45, 0x46),
    fields=FIELDS,
    measures=AIR_FIRST,
)
