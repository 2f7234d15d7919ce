"""Chips as tables, one module a family; ``CHIPS`` is the list of all that can be named in the settings."""

from __future__ import annotations

from services.sensor_reader.core.chips.ads1115 import ADS1115
from services.sensor_reader.core.chips.aht20 import AHT10, AHT20
from services.sensor_reader.core.chips.bh1750 import BH1750
from services.sensor_reader.core.chips.bme280 import BME280
from services.sensor_reader.core.chips.ina219 import INA219
from services.sensor_reader.core.chips.max1704x import MAX1704X
from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.scd4x import SCD4X
from services.sensor_reader.core.chips.scd30 import SCD30
from services.sensor_reader.core.chips.sht3x import SHT3X
from services.sensor_reader.core.chips.sht4x import SHT4X
from services.sensor_reader.core.chips.tmp102 import TMP102

POWER: tuple[Chip, ...] = (INA219, *MAX1704X)  # monitors, gauges, chargers, controllers of UPS boards
AIR: tuple[Chip, ...] = (SHT3X, SHT4X, AHT20, AHT10, BME280, TMP102, SCD4X, SCD30)  # air, and thermometers
LIGHT_AND_SOIL: tuple[Chip, ...] = (BH1750, ADS1115)

CHIPS: dict[str, Chip] = {chip.kind: chip for chip in (*POWER, *AIR, *LIGHT_AND_SOIL)}
