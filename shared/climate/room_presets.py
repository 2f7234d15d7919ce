"""Rooms to simulate: a model, the air around it, and a zone with what stands in it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from shared.climate.room import RoomModel
from shared.climate.room_weather import Weather
from shared.climate.zones import ClimateData, Mode, Plan, Zone

FAN = {"name": "fan", "kind": "exhaust", "watts": 30}
HEATER = {"name": "heater", "kind": "heater", "watts": 300}
ROOM_DEVICES = (
    FAN | {"steps": 10, "watts": 150},
    {"name": "cooler", "kind": "cooler", "watts": 900},
    HEATER | {"watts": 1500},
    {"name": "mist", "kind": "humidifier", "watts": 120},
    {"name": "dry", "kind": "dehumidifier", "watts": 450},
)
DEHUMIDIFIER = {"name": "dry", "kind": "dehumidifier", "watts": 220}
LAMP = {"name": "lamp", "kind": "light", "watts": 228}


class Preset(ClimateData):
    """A room, the air around it and a zone; ``note`` says what it is."""

    name: str
    note: str
    model: RoomModel
    weather: Weather
    zone: Zone
    plans: dict[str, Plan] = Field(default_factory=dict, max_length=16)


# Fitted to grow-app's published measurements; see docs/climate.md.
TENT = RoomModel(
    volume_m3=2.9, heat_kj_k=80, loss_w_k=43.6, leak_per_h=1.36, buffer=2, transpiration_g_h_kpa=101, dark_share=0.94,
    light_w=228, fan_m3_h=66, heater_w=300, cooler_w=400, humidifier_g_h=250, dehumidifier_g_h=60, dehumidifier_w=60,
)  # fmt: skip
CABINET = RoomModel(
    volume_m3=0.6, heat_kj_k=22, loss_w_k=12, leak_per_h=2, buffer=2, transpiration_g_h_kpa=22, dark_share=0.6,
    light_w=90, fan_m3_h=40, heater_w=80, humidifier_g_h=60,
)  # fmt: skip
ROOM = RoomModel(
    volume_m3=20, heat_kj_k=400, loss_w_k=90, leak_per_h=0.8, buffer=2.5, transpiration_g_h_kpa=600, dark_share=0.3,
    light_w=1200, fan_m3_h=400, heater_w=1500, cooler_w=2500, humidifier_g_h=1500, dehumidifier_g_h=900,
    dehumidifier_w=450,
)  # fmt: skip
GLASSHOUSE = RoomModel(
    volume_m3=120, heat_kj_k=2500, loss_w_k=450, leak_per_h=1.0, buffer=3, transpiration_g_h_kpa=4500, dark_share=0.2,
    light_w=9000, fan_m3_h=4000, heater_w=9000, humidifier_g_h=14_000,
)  # fmt: skip


ROOM_WEATHER = Weather(celsius=20, swing_c=3, wander_c=2, percent=55, wander_percent=8)


def zone_with(*actuators: dict[str, Any], **more: Any) -> Zone:
    """Return a zone of these actuators and a lamp that aims at 1 kPa, or what ``more`` says."""
    fields = {"sensor": "climate", "outside": "outside", "mode": Mode.VPD_TARGET, "target_kpa": 1.0}
    return Zone.model_validate(fields | {"actuators": (*actuators, LAMP)} | more)


FLOWERING = Plan.model_validate(
    {"stages": [{"name": "flowering", "light_hours": 12, "day": {"vpd": 1.25}, "night": {"vpd": 0.95}}]}
)
WIDE = {"temperature": {"low": 14, "high": 36}, "humidity": {"low": 30, "high": 90}}

PRESETS: dict[str, Preset] = {
    each.name: each
    for each in (
        Preset(
            name="tent",
            note="a 1.2 m tent with nothing but an on/off exhaust fan",
            model=TENT,
            weather=Weather(celsius=25, swing_c=0.5, wander_c=0.3, percent=52, wander_percent=1.5),
            zone=zone_with(FAN, limits=WIDE),
        ),
        Preset(
            name="tent_speeds",
            note="the same tent with a fan of ten speeds",
            model=TENT,
            weather=Weather(celsius=25, swing_c=0.5, wander_c=0.3, percent=52, wander_percent=1.5),
            zone=zone_with(FAN | {"steps": 10}, limits=WIDE),
        ),
        Preset(
            name="tent_winter",
            note="the tent in a dry, cool room, with fan, heater and humidifier",
            model=TENT,
            weather=Weather(celsius=19, swing_c=1.0, wander_c=0.5, percent=38, wander_percent=4),
            zone=zone_with(FAN, HEATER, {"name": "mist", "kind": "humidifier", "watts": 25}, limits=WIDE),
        ),
        Preset(
            name="tent_summer",
            note="the tent in air that is too humid to vent with, with a small dehumidifier and a heater",
            model=TENT,
            weather=Weather(celsius=26, swing_c=1.0, wander_c=0.5, percent=78, wander_percent=3),
            zone=zone_with(
                FAN, HEATER, {"name": "dry", "kind": "dehumidifier", "watts": 60, "min_on_s": 60, "min_off_s": 120},
                limits=WIDE,
            ),
        ),
        Preset(
            name="seedlings",
            note="the tent with seedlings in a dry room, aiming at 0.6 kPa with humidifier and fan",
            model=TENT.model_copy(update={"transpiration_g_h_kpa": 10, "light_w": 90, "humidifier_g_h": 120}),
            weather=Weather(celsius=21, swing_c=1.0, wander_c=0.5, percent=40, wander_percent=4),
            zone=zone_with(FAN, {"name": "mist", "kind": "humidifier", "watts": 25}, limits=WIDE, target_kpa=0.6),
        ),
        Preset(
            name="cellar",
            note="the tent in a cold cellar, with fan and heater",
            model=TENT,
            weather=Weather(celsius=15, swing_c=0.5, wander_c=0.5, percent=60, wander_percent=4),
            zone=zone_with(FAN, HEATER, limits=WIDE),
        ),
        Preset(
            name="cabinet",
            note="a 60 cm cabinet with a fan of ten speeds and a small humidifier",
            model=CABINET,
            weather=Weather(celsius=22, swing_c=1.5, wander_c=0.8, percent=45, wander_percent=5),
            zone=zone_with(FAN | {"steps": 10}, {"name": "mist", "kind": "humidifier", "watts": 15}, limits=WIDE),
        ),
        Preset(
            name="room",
            note="a room of 20 m³ with a fan of ten speeds, cooler, heater, humidifier and dehumidifier",
            model=ROOM,
            weather=ROOM_WEATHER,
            zone=zone_with(*ROOM_DEVICES, limits=WIDE),
        ),
        Preset(
            name="room_nights",
            note="the same room with 12 hours of light, and ramps between 1.25 kPa by day and 0.95 kPa by night",
            model=ROOM,
            weather=ROOM_WEATHER,
            zone=zone_with(*ROOM_DEVICES, limits=WIDE, plan="flowering", target_kpa=None),
            plans={"flowering": FLOWERING},
        ),
        Preset(
            name="glasshouse",
            note="a glasshouse of 120 m³ under the sun, with graded vents, heater and fog",
            model=GLASSHOUSE,
            weather=Weather(celsius=16, swing_c=6, wander_c=2, percent=60, wander_percent=8, sun=1.0),
            zone=zone_with(
                FAN | {"steps": 20, "watts": 400},
                HEATER | {"steps": 10, "watts": 9000},
                {"name": "fog", "kind": "humidifier", "steps": 10, "watts": 800},
                limits=WIDE,
            ),
        ),
    )
}  # fmt: skip
