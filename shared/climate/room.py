"""A volume of air with plants: one temperature and one humidity, first order. Pure functions of state and time.

Rules:
1. Heat comes and goes through the walls, with the air that is exchanged, from lamp, heater and compressor; plants and
   humidifier take it to evaporate water.
2. Water comes from the plants, as their stomata and the deficit at the leaf let it, and from the humidifier; it goes
   with the air that is exchanged, into the dehumidifier, and onto the walls where the air can hold no more.
3. Each step relaxes exactly towards the state that the step's conditions lead to, so a longer step stays stable.

The tent's parameters are fitted to published measurements of a 1.2 m tent; the others are scaled from it. They are
right to a fifth or so: good for comparing control laws, no promise for a room.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from shared.climate.psychrometrics import saturation_kpa
from shared.climate.zones import ClimateData

LATENT = 2.45e6  # J/kg
AIR_HEAT = 1.2 * 1005  # J/(m3 K)
VAPOUR = 461.5  # J/(kg K)
ZERO_K = 273.15
MIST_COOLS = 0.7  # share of a humidifier's water that evaporates by the air's own heat
LEAF_C = {True: -1.5, False: -0.3}


class RoomModel(ClimateData):
    """The parameters: m³, kJ/K, W/K, 1/h, a factor for water held in walls and soil, g/h/kPa, and what devices do.

    ``fan_m3_h`` is what the exhaust really moves at full speed, ``dark_share`` how far the stomata stay open at night.
    """

    volume_m3: float = Field(gt=0, le=1e5)
    heat_kj_k: float = Field(gt=0, le=1e6)
    loss_w_k: float = Field(ge=0, le=1e5)
    leak_per_h: float = Field(ge=0, le=60)
    buffer: float = Field(default=2.0, ge=1, le=20)
    transpiration_g_h_kpa: float = Field(default=0.0, ge=0, le=1e6)
    dark_share: float = Field(default=0.3, ge=0, le=1)
    light_w: float = Field(default=0.0, ge=0, le=1e6)
    fan_m3_h: float = Field(default=0.0, ge=0, le=1e5)
    heater_w: float = Field(default=0.0, ge=0, le=1e6)
    cooler_w: float = Field(default=0.0, ge=0, le=1e6)
    humidifier_g_h: float = Field(default=0.0, ge=0, le=1e6)
    dehumidifier_g_h: float = Field(default=0.0, ge=0, le=1e6)
    dehumidifier_w: float = Field(default=0.0, ge=0, le=1e5)


@dataclass(frozen=True, slots=True)
class RoomState:
    """°C, and the water in a cubic metre of air (kg)."""

    celsius: float
    water_kg_m3: float

    @property
    def vapour_kpa(self) -> float:
        """Vapour pressure."""
        return self.water_kg_m3 * VAPOUR * (self.celsius + ZERO_K) / 1000

    @property
    def percent(self) -> float:
        """Relative humidity."""
        return 100 * self.vapour_kpa / saturation_kpa(self.celsius)

    @property
    def deficit_kpa(self) -> float:
        """VPD of the air."""
        return saturation_kpa(self.celsius) - self.vapour_kpa


def air_of(celsius: float, percent: float) -> RoomState:
    """Return the state of air as people give it."""
    return RoomState(celsius, saturation_kpa(celsius) * percent * 10 / (VAPOUR * (celsius + ZERO_K)))


def pass_time(
    room: RoomState, model: RoomModel, outside: RoomState, levels: Mapping[str, float], step_s: float, lit: float = 0.0
) -> RoomState:
    """Return the room ``step_s`` seconds on. ``levels`` (0 to 1) are by actuator kind, ``lit`` is the lamp's."""
    level = levels.get
    exchange = (model.leak_per_h * model.volume_m3 + level("exhaust", 0.0) * model.fan_m3_h) / 3600  # m3/s
    celsius, vapour = room.celsius, room.vapour_kpa
    open_by = model.dark_share + (1 - model.dark_share) * min(lit, 1.0)
    at_leaf = saturation_kpa(celsius + LEAF_C[lit > 0]) - vapour
    transpired = model.transpiration_g_h_kpa / 3.6e6 * open_by * max(at_leaf, 0.0)  # kg/s
    misted = level("humidifier", 0.0) * model.humidifier_g_h / 3.6e6
    percent = 100 * vapour / saturation_kpa(celsius)
    dried = level("dehumidifier", 0.0) * model.dehumidifier_g_h / 3.6e6 * min(max((percent - 30) / 30, 0.0), 1.0)

    heat = (
        lit * model.light_w
        + level("heater", 0.0) * model.heater_w
        - level("cooler", 0.0) * model.cooler_w
        + level("dehumidifier", 0.0) * model.dehumidifier_w
        + dried * LATENT
        - transpired * LATENT
        - misted * MIST_COOLS * LATENT
    )
    carried = model.loss_w_k + AIR_HEAT * exchange
    warmer = _relaxed(celsius, carried, carried * outside.celsius + heat, 1000 * model.heat_kj_k, step_s)
    gained = transpired + misted - dried + exchange * outside.water_kg_m3
    water = _relaxed(room.water_kg_m3, exchange, gained, model.buffer * model.volume_m3, step_s)
    most = saturation_kpa(warmer) * 1000 / (VAPOUR * (warmer + ZERO_K))
    return RoomState(warmer, min(max(water, 1e-5), most))


def _relaxed(value: float, rate: float, gain: float, capacity: float, step_s: float) -> float:
    """Solve capacity · dv/dt = gain - rate · v over a step."""
    if rate <= 0:
        return value + gain * step_s / capacity
    end = gain / rate
    return end + (value - end) * math.exp(-rate * step_s / capacity)
