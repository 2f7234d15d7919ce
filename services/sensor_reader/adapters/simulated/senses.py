"""What a simulated chip sees of the world or of the room: its fields by name, as the chip's table has them."""

from __future__ import annotations

from collections.abc import Callable

from services.sensor_reader.adapters.simulated.air_parts import AIR
from services.sensor_reader.adapters.simulated.room import Room
from services.sensor_reader.adapters.simulated.shown import payloads_of
from services.sensor_reader.adapters.simulated.world import World, noise
from services.sensor_reader.core.chips.bme280 import trim_of
from services.sensor_reader.core.chips.bme280_formulas import fine, humidity, pressure, temperature
from services.sensor_reader.core.polling.device import ChipPart
from services.sensor_reader.core.registers.fields import Block, encode

AIR_NOISE_C = 0.06
HUMIDITY_NOISE_PERCENT = 0.3
CO2_NOISE_PPM = 6.0
LIGHT_NOISE = 0.01
SOIL_NOISE_PERCENT = 0.2
PRESSURE_HPA = 1009.0

# The numbers burnt into one BME280, as a board of the maker's shows them.
_TRIM = (28485, 26735, 50, 36738, -10635, 3024, 6980, -4, -7, 9900, -10230, 4285)
_NAMES = ("t1", "t2", "t3", *(f"p{n}" for n in range(1, 10)))
TRIM: dict[str, float] = {
    **dict(zip(_NAMES, map(float, _TRIM), strict=True)),
    "h1": 75.0, "h2": 370.0, "h3": 0.0, "h4_high": 19.0, "h4_low": 9.0, "h5": 50.0, "h6": 30.0,
}  # fmt: skip


def payloads(part: ChipPart, world: World, room: Room, step: int) -> dict[Block, bytes]:
    """Return the blocks of a chip: one of the air sees the room, any other the pack."""
    if part.chip.kind not in AIR:
        return payloads_of(part, world, step)
    return encode(part.chip.fields, _of_the_room(part, room, step))


def _of_the_room(part: ChipPart, room: Room, step: int) -> dict[str, float]:
    celsius = room.air_c + AIR_NOISE_C * noise(step, part.address)
    percent = min(max(room.humidity + HUMIDITY_NOISE_PERCENT * noise(step, part.address + 1), 0.0), 100.0)
    if part.chip.kind == "bme280":
        return _of_a_bme280(celsius, percent)
    soil = room.soil_percent + SOIL_NOISE_PERCENT * noise(step, 5)
    shown = {"soil_moisture": soil, "air_temperature": celsius, "relative_humidity": percent}
    return {
        "temperature": celsius,
        "normal": celsius,
        "humidity": percent,
        "co2": room.co2_ppm + CO2_NOISE_PPM * noise(step, 3),
        "illuminance": room.light_lx * (1 + LIGHT_NOISE * noise(step, 4)),
        **{each.name: (shown.get(each.channel, 0.0) - each.offset) / each.gain for each in part.mount.analog},
    }


def _of_a_bme280(celsius: float, percent: float) -> dict[str, float]:
    trim = trim_of(TRIM)
    warm = _first(20, lambda raw: temperature(fine(trim, raw)) >= celsius)
    t_fine = fine(trim, warm)
    damp = _first(16, lambda raw: humidity(trim, t_fine, raw) >= percent)
    pressed = _first(20, lambda raw: pressure(trim, t_fine, raw) <= PRESSURE_HPA)
    return {**TRIM, "temperature": warm, "humidity": damp, "pressure": pressed}


def _first(bits: int, reached: Callable[[int], bool]) -> int:
    """Return the smallest raw value that has reached what is looked for, the last if none has."""
    low, high = 0, (1 << bits) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    return low
