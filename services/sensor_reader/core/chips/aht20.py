"""ASAIR AHT20 and its forerunner AHT10: temperature and humidity. Sections are those of the AHT20 datasheet, V1.1.

Rules:
1. Every poll starts one measurement (0xAC) and fetches it 80 ms later; one that says it is still busy is not believed.
2. The AHT20 sends a CRC behind its six bytes, and it is checked, which most drivers do not do. The AHT10 has none.
3. A chip that says it is not calibrated, as after power-on, is initialised: 0xBE for the AHT20, 0xE1 for the AHT10
   (5.4, 1; AHT10 datasheet 5.4). That is seen in the poll and measured from the next one on.
4. A humidity of raw 0 is what a chip shows that has measured nothing, and no reading.
"""

from __future__ import annotations

from fractions import Fraction

from services.sensor_reader.core.chips.model import AIR_FIRST, Chip, Ready, Setting
from services.sensor_reader.core.registers.checksums import CRC8, Check
from services.sensor_reader.core.registers.fields import Block, Field, Register, bit, bits

START = b"\xac\x33\x00"
BUSY, CALIBRATED = 0x80, 0x08  # 5.3
STATUS = Register("status", Block(b"", 1, how="plain"), 0, 1)


def _chip(kind: str, title: str, addresses: tuple[int, ...], initialise: bytes, check: Check | None) -> Chip:
    measure = Block(START, 6, how="plain", check=check, wait_s=0.08)
    status = Register("status", measure, 0, 1)
    humidity, temperature = Register("humidity", measure, 1, 3), Register("temperature", measure, 3, 3)
    fields = (
        # name               register  bits     step              unit  source
        Field("busy", status, bit(7), Fraction(1), "", "5.3, status"),
        Field("humidity", humidity, bits(23, 4), Fraction(100, 1 << 20), "%", "6.1",
              channel="relative_humidity", never=(0,)),
        Field("temperature", temperature, bits(19, 0), Fraction(200, 1 << 20), "°C", "6.2",
              zero=Fraction(-50), channel="{measures}_temperature"),
    )  # fmt: skip
    return Chip(
        kind=kind,
        title=title,
        addresses=addresses,
        fields=fields,
        settings=(
            Setting(STATUS, CALIBRATED, CALIBRATED, f"`{initialise.hex()}`: calibrated, 5.4", command=initialise),
        ),
        ready=(Ready(status, BUSY, BUSY),),
        measures=AIR_FIRST,
    )


AHT20 = _chip("aht20", "ASAIR AHT20, air temperature and humidity", (0x38,), b"\xbe\x08\x00", CRC8)
AHT10 = _chip("aht10", "ASAIR AHT10, air temperature and humidity", (0x38, 0x39), b"\xe1\x08\x00", None)
