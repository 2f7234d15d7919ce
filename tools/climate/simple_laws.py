"""Control laws to compare with, on the same room: what people use for a fan."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from shared.climate.psychrometrics import deficit_kpa
from shared.climate.room import RoomState, air_of, pass_time
from shared.climate.room_devices import SENSOR, Sensed, sense, shown
from shared.climate.room_presets import Preset
from shared.climate.room_weather import DAY_S, outside_at

TICK_S, STEP_S, SETTLES_S = 10.0, 5.0, 3600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Shares of the time in %, and switches an hour."""

    in_band_pct: float
    beyond_rails_pct: float
    switches_per_hour: float


def threshold(measured: float, on: bool) -> bool:  # noqa: ARG001 - each law is asked with the fan's state
    """One threshold: on below the target, off above."""
    return measured < 1.0


def band(measured: float, on: bool) -> bool:
    """On at the lower edge of the band, off at the upper."""
    return measured < 0.9 or (on and measured <= 1.1)


def narrow_band(measured: float, on: bool) -> bool:
    """The same with edges inside the band."""
    return measured < 0.93 or (on and measured <= 1.07)


LAWS: dict[str, Callable[[float, bool], bool]] = {
    "one threshold at the target": threshold,
    "band 0.90 to 1.10": band,
    "band 0.93 to 1.07": narrow_band,
}


def run(law: Callable[[float, bool], bool], preset: Preset, days: float, seed: int) -> Outcome:
    """Return what a law of the fan alone comes to."""
    room: RoomState = air_of(24.0, 62.0)
    sensed, on, switches = Sensed(room.celsius, room.percent), False, 0
    judged = inside = beyond = 0.0
    for number in range(math.ceil(days * DAY_S / TICK_S)):
        at_s = number * TICK_S
        outside = outside_at(preset.weather, at_s, seed)
        lit = float(6 <= at_s / 3600 % 24 < 24)
        read = shown(sensed, SENSOR, number, seed)
        wanted = law(deficit_kpa(*read), on) if read else False
        switches += (wanted is not on) * (at_s >= SETTLES_S)
        on = wanted
        for _ in range(round(TICK_S / STEP_S)):
            room = pass_time(room, preset.model, outside, {"exhaust": float(on)}, STEP_S, lit)
            sensed = sense(sensed, room, SENSOR, STEP_S)
            if at_s >= SETTLES_S:
                error = abs(room.deficit_kpa - 1.0)
                judged, inside, beyond = judged + 1, inside + (error <= 0.1), beyond + (error > 0.2)
    hours = judged * STEP_S / 3600
    return Outcome(100 * inside / judged, 100 * beyond / judged, switches / hours)
