"""A simulated sensor and simulated actuators, sound or with a fault. Pure functions of state and time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field

from shared.climate.noise import normal
from shared.climate.room import RoomState
from shared.climate.zones import ClimateData


class SensorFault(StrEnum):
    """What a sensor can do wrong."""

    STUCK = "stuck"  # shows for ever what it showed when it began
    DROPOUT = "dropout"  # shows nothing
    NAN = "nan"  # shows no number
    SPIKE = "spike"  # shows 15 °C and 40 % too much now and then
    DRIFT = "drift"  # humidity goes off by 1 % an hour
    CRC = "crc"  # most readings are lost


class ActuatorFault(StrEnum):
    """What an actuator can do wrong."""

    DEAD = "dead"  # does nothing, and says it did
    STUCK_ON = "stuck_on"
    STUCK_OFF = "stuck_off"
    TANK_EMPTY = "tank_empty"  # runs and moves nothing
    SILENT = "silent"  # neither does it nor answers


class SensorModel(ClimateData):
    """Time constants (s), noise (one standard deviation), and what is off: °C and %."""

    lag_c_s: float = Field(default=5.0, ge=0, le=600)
    lag_percent_s: float = Field(default=8.0, ge=0, le=600)
    noise_c: float = Field(default=0.03, ge=0, le=5)
    noise_percent: float = Field(default=0.15, ge=0, le=20)
    offset_c: float = Field(default=0.0, ge=-10, le=10)
    offset_percent: float = Field(default=0.0, ge=-50, le=50)
    digits: int = Field(default=2, ge=0, le=6)


SENSOR = SensorModel()


@dataclass(frozen=True, slots=True)
class Sensed:
    """What the sensor has come to, before noise."""

    celsius: float
    percent: float


def sense(sensed: Sensed, room: RoomState, model: SensorModel, step_s: float) -> Sensed:
    """Return the sensor ``step_s`` seconds on."""
    return Sensed(
        _towards(sensed.celsius, room.celsius, step_s, model.lag_c_s),
        _towards(sensed.percent, room.percent, step_s, model.lag_percent_s),
    )


def _towards(value: float, end: float, step_s: float, lag_s: float) -> float:
    return end if lag_s <= 0 else end + (value - end) * math.exp(-step_s / lag_s)


def shown(
    sensed: Sensed,
    model: SensorModel,
    step: int,
    seed: int,
    fault: SensorFault | None = None,
    since: tuple[float, Sensed] = (0.0, Sensed(0.0, 0.0)),
) -> tuple[float, float] | None:
    """Return temperature and humidity as read, None where nothing is; ``since``: how long a fault lasts, from what."""
    if fault is SensorFault.DROPOUT or (fault is SensorFault.CRC and step % 5):
        return None
    if fault is SensorFault.NAN:
        return math.nan, math.nan
    lasting_s, first = since
    if fault is SensorFault.STUCK:
        return round(first.celsius, model.digits), round(first.percent, model.digits)
    celsius = sensed.celsius + model.offset_c + model.noise_c * normal(step, 1, seed)
    percent = sensed.percent + model.offset_percent + model.noise_percent * normal(step, 2, seed)
    if fault is SensorFault.SPIKE and step % 6 == 0:
        celsius, percent = celsius + 15, percent + 40
    if fault is SensorFault.DRIFT:
        percent += lasting_s / 3600
    return round(celsius, model.digits), round(min(max(percent, 0.0), 100.0), model.digits)


def effective(level: float, fault: ActuatorFault | None) -> float:
    """Return what a commanded level does to the air."""
    if fault is ActuatorFault.STUCK_ON:
        return 1.0
    return level if fault is None else 0.0


def confirmed(level: float, fault: ActuatorFault | None) -> float | None:
    """Return the level that the actuator reports; None where it does not answer."""
    if fault is ActuatorFault.SILENT:
        return None
    if fault is ActuatorFault.STUCK_OFF:
        return 0.0
    return 1.0 if fault is ActuatorFault.STUCK_ON else level
