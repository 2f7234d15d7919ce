"""Sensirion SCD30: carbon dioxide, temperature and humidity. Sections are those of the interface description, 1.0.

Rules:
1. The chip measures by itself, every 2 s unless it was set otherwise, and goes on after power-on. It is started only
   when it has been silent for a minute: starting also forgets a pressure somebody has set (1.4.1). A chip set to
   measure less often than that reads as silent.
2. Command and answer are two transfers, a STOP and at least 3 ms between them; a repeated START is refused (1.1).
3. Every two bytes bear a CRC. The chip holds the clock for up to 150 ms once a day (1.1): what a Raspberry Pi then
   reads fails its CRC and is asked for again.
"""

from __future__ import annotations

from fractions import Fraction

from services.sensor_reader.core.chips.model import AIR_FIRST, Chip, Periodic, Ready
from services.sensor_reader.core.registers.checksums import CRC8_A_WORD
from services.sensor_reader.core.registers.fields import Block, Command, Field, Register, bits

APART_S = 0.004
READY = Register("ready", Block(b"\x02\x02", 2, how="plain", check=CRC8_A_WORD, wait_s=APART_S))
READ = Block(b"\x03\x00", 12, how="plain", check=CRC8_A_WORD, wait_s=APART_S)
CO2, TEMPERATURE = Register("co2", READ, 0, 4), Register("temperature", READ, 4, 4)
HUMIDITY = Register("humidity", READ, 8, 4)

FIELDS = (
    # name               register  bits     step     unit  source
    Field("co2", CO2, bits(31, 0), Fraction(1), "ppm", "1.4.5", form="float",
          channel="co2", never=(0,)),  # what it shows until it has measured
    Field("temperature", TEMPERATURE, bits(31, 0), Fraction(1), "°C", "1.4.5", form="float",
          channel="{measures}_temperature"),
    Field("humidity", HUMIDITY, bits(31, 0), Fraction(1), "%", "1.4.5", form="float", channel="relative_humidity"),
)  # fmt: skip

SCD30 = Chip(
    kind="scd30",
    title="Sensirion SCD30, carbon dioxide",
    addresses=(0x61,),
    fields=FIELDS,
    periodic=Periodic(
        Ready(READY, 0xFFFF),  # 1.4.4: 1 when there is something new
        Command(b"\x00\x10" + CRC8_A_WORD.seal(0x61, b"\x00\x10", b"\x00\x00"), "1.4.1, no ambient pressure"),
        silence_s=60.0,
    ),
    measures=AIR_FIRST,
)
