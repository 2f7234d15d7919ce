"""Chips as tables, one module a family; ``CHIPS`` is the list of all that can be named in the settings."""

from __future__ import annotations

from services.sensor_reader.core.chips.ads1115 import ADS1115
from services.sensor_reader.core.chips.aht20 import AHT10, AHT20
from services.sensor_reader.core.chips.bh1750 import BH1750
from services.sensor_reader.core.chips.bme280 import BME280
from services.sensor_reader.core.chips.bq2579x import BQ2579X
from services.sensor_reader.core.chips.bq25895 import BQ25895
from services.sensor_reader.core.chips.bq27441 import BQ27441
from services.sensor_reader.core.chips.cw2015 import CW2015
from services.sensor_reader.core.chips.ina219 import INA219
from services.sensor_reader.core.chips.ina226 import INA226
from services.sensor_reader.core.chips.ina260 import INA260
from services.sensor_reader.core.chips.ina3221 import INA3221
from services.sensor_reader.core.chips.ip52xx import IP52XX
from services.sensor_reader.core.chips.lc709203f import LC709203F
from services.sensor_reader.core.chips.max1704x import MAX1704X
from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.pijuice import PIJUICE
from services.sensor_reader.core.chips.pipower import PIPOWER
from services.sensor_reader.core.chips.pisugar3 import PISUGAR3
from services.sensor_reader.core.chips.scd4x import SCD4X
from services.sensor_reader.core.chips.scd30 import SCD30
from services.sensor_reader.core.chips.sht3x import SHT3X
from services.sensor_reader.core.chips.sht4x import SHT4X
from services.sensor_reader.core.chips.tmp102 import TMP102
from services.sensor_reader.core.chips.upsplus import UPSPLUS
from services.sensor_reader.core.chips.upsv6 import UPSV6
from services.sensor_reader.core.chips.waveshare_e import WAVESHARE_E

MONITORS: tuple[Chip, ...] = (INA219, INA226, INA260, INA3221)
GAUGES: tuple[Chip, ...] = (*MAX1704X, CW2015, LC709203F, BQ27441)
CHARGERS: tuple[Chip, ...] = (BQ25895, *BQ2579X, *IP52XX)
CONTROLLERS: tuple[Chip, ...] = (PIJUICE, PISUGAR3, WAVESHARE_E, UPSPLUS, UPSV6, *PIPOWER)
AIR: tuple[Chip, ...] = (SHT3X, SHT4X, AHT20, AHT10, BME280, TMP102, SCD4X, SCD30)  # air, and thermometers
LIGHT_AND_SOIL: tuple[Chip, ...] = (BH1750, ADS1115)

_ALL = (*MONITORS, *GAUGES, *CHARGERS, *CONTROLLERS, *AIR, *LIGHT_AND_SOIL)
CHIPS: dict[str, Chip] = {chip.kind: chip for chip in _ALL}
