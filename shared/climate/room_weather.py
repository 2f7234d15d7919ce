"""The air around a room over days: a daily swing, slow weather and, under glass, the sun. Pure functions of time."""

from __future__ import annotations

import math

from pydantic import Field

from shared.climate.noise import wandering
from shared.climate.psychrometrics import saturation_kpa
from shared.climate.room import RoomState, air_of
from shared.climate.zones import ClimateData

DAY_S, HOUR_S = 86_400.0, 3600.0
WARMEST_H = 15.0


class Weather(ClimateData):
    """Means, the half swing of a day and how far the weather wanders, °C and %. ``sun`` is a share of the lamp's power.

    Relative humidity is that at the mean temperature: through the day the water in the air stays and the temperature
    moves.
    """

    celsius: float = Field(default=22.0, ge=-30, le=50)
    swing_c: float = Field(default=1.0, ge=0, le=20)
    wander_c: float = Field(default=0.5, ge=0, le=20)
    percent: float = Field(default=50.0, ge=1, le=100)
    wander_percent: float = Field(default=3.0, ge=0, le=50)
    sun: float = Field(default=0.0, ge=0, le=1)


def outside_at(weather: Weather, at_s: float, seed: int) -> RoomState:
    """Return the air outside, ``at_s`` seconds after a midnight."""
    slow_c = weather.celsius + weather.wander_c * wandering(at_s, 21, seed, 10 * HOUR_S)
    percent = weather.percent + weather.wander_percent * wandering(at_s, 22, seed, 14 * HOUR_S)
    celsius = slow_c + weather.swing_c * math.cos(2 * math.pi * (at_s / HOUR_S - WARMEST_H) / 24)
    vapour = saturation_kpa(slow_c) * percent / 100
    return air_of(celsius, min(100 * vapour / saturation_kpa(celsius), 98.0))


def sun_at(weather: Weather, at_s: float, seed: int) -> float:
    """Return the sun's share of the lamp, clouds included."""
    hour = at_s / HOUR_S % 24
    if not weather.sun or not 6 < hour < 20:
        return 0.0
    clouds = 0.8 + 0.2 * wandering(at_s, 23, seed, 1200.0)
    return weather.sun * clouds * math.sin(math.pi * (hour - 6) / 14)
