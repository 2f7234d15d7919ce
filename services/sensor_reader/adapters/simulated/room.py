"""What is simulated: a glasshouse with plants, over a day in early summer. Pure functions of state and time.

Rules:
1. Every quantity goes towards what it would be if all stayed as it is, the faster the more air is exchanged.
2. The sun warms and lights; plants give off water and take up carbon dioxide in its light, and breathe in the dark.
3. Air holds no more water than it can: the rest runs down the glass.
4. Clouds come from a hash of the time, as noise does: the same day always has the same weather.

The rates are round numbers that give a believable day, not measurements of a house.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.sensor_reader.adapters.simulated.world import noise

SUNRISE_H, SUNSET_H = 5.5, 20.5
FULL_SUN_LX = 50_000.0  # under glass, with some shading
OUTSIDE_KPA, OUTSIDE_CO2 = 1.4, 420.0
EXCHANGE_S = 2400.0  # of a closed house, for its air; open vents make it up to 8 times as fast
SUN_WARMS_C = 21.0  # a closed house in full sun, over the air outside
CLOUD_S = 900.0


@dataclass(frozen=True, slots=True)
class Tending:
    """What is done in the room: ``vents`` open from 0 to 1, heating in °C, fog, gas and water per second."""

    vents: float = 0.0
    heating_c: float = 0.0
    fog_kpa_s: float = 0.0
    gas_ppm_s: float = 0.0
    water_percent_s: float = 0.0


UNTENDED = Tending()


@dataclass(frozen=True, slots=True)
class Room:
    """The state at one moment; ``hour`` of the day, by the sun."""

    hour: float = 6.0
    air_c: float = 16.0
    vapour_kpa: float = 1.4
    co2_ppm: float = 700.0
    light_lx: float = 0.0
    soil_percent: float = 48.0

    @property
    def humidity(self) -> float:
        """Relative humidity in %."""
        return 100 * self.vapour_kpa / saturation_kpa(self.air_c)

    @property
    def deficit_kpa(self) -> float:
        """Vapour pressure deficit."""
        return saturation_kpa(self.air_c) - self.vapour_kpa


def saturation_kpa(celsius: float) -> float:
    """Return how much water vapour air can hold (Magnus, over water)."""
    return 0.6112 * math.exp(17.62 * celsius / (243.12 + celsius))


def pass_time(room: Room, tending: Tending, step_s: float) -> Room:
    """Return the room ``step_s`` seconds on, tended all the while as said."""
    sun, outside_c = sunshine(room.hour), _outside_c(room.hour)
    open_by = 1 + 7 * tending.vents
    exchanged = 1 - math.exp(-step_s * open_by / EXCHANGE_S)
    air_c = _towards(room.air_c, outside_c + (SUN_WARMS_C * sun + tending.heating_c) / open_by**0.6, exchanged)
    transpired = step_s * (0.0008 * sun * min(room.deficit_kpa, 1.6) + tending.fog_kpa_s)
    vapour = _towards(room.vapour_kpa, min(OUTSIDE_KPA, 0.9 * saturation_kpa(outside_c)), exchanged) + transpired
    eaten = 0.22 * sun * room.co2_ppm / (room.co2_ppm + 400)
    breathed = 0.04 if sun == 0 else 0.0
    co2 = _towards(room.co2_ppm, OUTSIDE_CO2, exchanged) + step_s * (tending.gas_ppm_s + breathed - eaten)
    dried = step_s * (0.00005 + 0.00035 * sun)
    return Room(
        hour=(room.hour + step_s / 3600) % 24,
        air_c=air_c,
        vapour_kpa=min(vapour, 0.97 * saturation_kpa(air_c)),
        co2_ppm=max(co2, 150.0),
        light_lx=FULL_SUN_LX * sun,
        soil_percent=min(max(room.soil_percent + step_s * tending.water_percent_s - dried, 0.0), 95.0),
    )


def sunshine(hour: float) -> float:
    """Return how much of the full sun comes through, 0 to 1, clouds included."""
    if not SUNRISE_H < hour < SUNSET_H:
        return 0.0
    height = math.sin(math.pi * (hour - SUNRISE_H) / (SUNSET_H - SUNRISE_H))
    return float(height**1.3 * (0.82 + 0.18 * _cloud(hour * 3600)))


def _cloud(second: float) -> float:
    step, part = divmod(second, CLOUD_S)
    before, after = noise(int(step), 9), noise(int(step) + 1, 9)
    return before + (after - before) * part / CLOUD_S


def _outside_c(hour: float) -> float:
    return 15.5 + 7.5 * math.sin(2 * math.pi * (hour - 9) / 24)


def _towards(value: float, end: float, share: float) -> float:
    return value + (end - value) * share
