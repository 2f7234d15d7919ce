"""Which simulated chip stands for which kind of chip, made for an address. Every kind has one."""

from __future__ import annotations

from collections.abc import Callable

from services.sensor_reader.adapters.simulated.air_parts import AIR
from services.sensor_reader.adapters.simulated.chips import SimulatedChip
from services.sensor_reader.adapters.simulated.power_parts import POWER

SIMULATED: dict[str, Callable[[int], SimulatedChip]] = POWER | AIR
