"""Chips as tables, one module a family; ``CHIPS`` is the list of all that can be named in the settings."""

from __future__ import annotations

from services.sensor_reader.core.chips.ina219 import INA219
from services.sensor_reader.core.chips.max1704x import MAX1704X
from services.sensor_reader.core.chips.model import Chip

CHIPS: dict[str, Chip] = {chip.kind: chip for chip in (INA219, *MAX1704X)}
