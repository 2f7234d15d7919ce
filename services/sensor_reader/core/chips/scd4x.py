"""Sensirion SCD40, SCD41: carbon dioxide, temperature and humidity. Sections are those of the datasheet, version 1.3.

Rules:
1. The chip measures by itself every 5 s, and a poll asks whether there is something new. It is started only when it has
   been silent for longer than the slowest of its modes allows (30 s, 3.8.1), as after power-on.
2. While it measures it acknowledges few commands (3.4, Table 9): nothing else is ever sent, no serial number either.
3. A CW2015, the gauge of UPS-Lite 1.3, has the same address. Neither says what it is, so the settings have to.
4. Its temperature is that of a sensor that warms itself, less an offset that it knows (3.6.1). Full
   scale is 65,535, as in the maker's own driver; the datasheet of then says 65,536, which is 0.003 °C at most.
"""

from __future__ import annotations

from fractions import Fraction

from services.sensor_reader.core.chips.model import AIR_FIRST, Chip, Periodic, Ready
from services.sensor_reader.core.registers.checksums import CRC8_A_WORD
from services.sensor_reader.core.registers.fields import Block, Command, Field, Register, bits

READY = Register("ready", Block(b"\xe4\xb8", 2, how="plain", check=CRC8_A_WORD, wait_s=0.001, again=1))
READ = Block(b"\xec\x05", 6, how="plain", check=CRC8_A_WORD, wait_s=0.001, again=1)
CO2, TEMPERATURE, HUMIDITY = Register("co2", READ, 0), Register("temperature", READ, 2), Register("humidity", READ, 4)

FIELDS = (
    # name               register  bits     step                   unit  source
    Field("co2", CO2, bits(15, 0), Fraction(1), "ppm", "3.5.2", channel="co2",
          never=(0,)),  # 3.10.2: what it shows where it measured none
    Field("temperature", TEMPERATURE, bits(15, 0), Fraction(175, 65535), "°C", "3.5.2",
          zero=Fraction(-45), channel="{measures}_temperature"),
    Field("humidity", HUMIDITY, bits(15, 0), Fraction(100, 65535), "%", "3.5.2", channel="relative_humidity"),
)  # fmt: skip

SCD4X = Chip(
    kind="scd4x",
    title="Sensirion SCD4x, carbon dioxide",
    addresses=(0x62,),
    fields=FIELDS,
    periodic=Periodic(
        Ready(READY, 0x07FF),  # 3.8.2: nothing new while the low 11 bits are 0
        Command(b"\x21\xb1", "3.5.1, start_periodic_measurement"),
        silence_s=35.0,
    ),
    measures=AIR_FIRST,
)
