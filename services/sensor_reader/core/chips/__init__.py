"""Chips as tables, one module a family; ``CHIPS`` is the list of all that can be named in the settings."""

from __future__ import annotations

from services.sensor_reader.core.chips.ina219 import INA219
from services.sensor_reader.core.chips.max1704x import MAX1704X
from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.sht4x import SHT4X

POWER: tuple[Chip, ...] = (INA219, *MAX1704X)  # monitors, gauges, chargers, controllers of UPS boards
AIR: tuple[Chip, ...] = (SHT4X,)  # air, light, soil, and analog inputs

CHIPS: dict[str, Chip] = {chip.kind: chip for chip in (*POWER, *AIR)}
