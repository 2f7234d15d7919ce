"""What is simulated for the page: nominal rooms, the frontier of the fan-only tent, and what cannot be reached."""

from __future__ import annotations

from dataclasses import dataclass

from services.climate_controller.core.law import MARGIN_KPA
from shared.climate.room_presets import DEHUMIDIFIER, FAN, PRESETS, WIDE, Preset, zone_with
from shared.climate.room_weather import DAY_S, Weather
from upskeep.simulation.figures import Figures, SimulationTally
from upskeep.simulation.loop import Setup, run

SEEDS = (1, 2, 3)
DAYS, FEW_DAYS = 7.0, 2.0
SHORT_DAYS, SHORT_ROOMS = 1.0, ("tent", "seedlings", "room")
REACHES = (0.070, 0.080, 0.085, 0.090, 0.095, 0.100, 0.105, 0.110, 0.120)  # kPa: how wide the law takes the band
IN_BAND_PCT, SWITCHES = 97.0, 6.5


@dataclass(frozen=True, slots=True)
class Case:
    """A preset, and for one that misses its bar the reason."""

    preset: Preset
    reason: str = ""


REASONS = {  # of the nominal rooms
    "cellar": "300 W are too little at night: fan and heater together bring the VPD no higher than 0.87 kPa",
}
HUMID = Weather(celsius=25, swing_c=0.5, wander_c=0.3, percent=70, wander_percent=3)
OUT_OF_REACH = (
    Case(
        PRESETS["tent"].model_copy(
            update={"name": "tent_humid", "note": "the fan-only tent in air of 70 %", "weather": HUMID}
        ),
        "the air outside is too humid for a fan alone: at night it brings the VPD no higher than about 0.8 kPa",
    ),
    Case(
        PRESETS["tent_summer"].model_copy(
            update={
                "name": "tent_compressor",
                "note": "the tent in summer with a compressor of 250 g/h that must run for 3 and rest for 5 minutes",
                "model": PRESETS["tent"].model.model_copy(update={"dehumidifier_g_h": 250, "dehumidifier_w": 220}),
                "zone": zone_with(DEHUMIDIFIER, limits=WIDE),
            }
        ),
        "the only actuator is too strong for its dwell: three minutes of it move the VPD by more than the band is wide",
    ),
    Case(
        PRESETS["cellar"].model_copy(
            update={
                "name": "cellar_fan",
                "note": "the tent in a cellar without a heater",
                "zone": zone_with(FAN, limits=WIDE),
            }
        ),
        "nothing warms the air: what the fan dries it also cools",
    ),
)  # fmt: skip


def simulate(preset: Preset, days: float, seed: int, reach: float | None = None) -> Figures:
    """Return the figures of one run; with ``reach`` the law takes the band for another than it is judged by."""
    zone = preset.zone
    control = zone if reach is None else zone.model_copy(update={"band_kpa": reach + MARGIN_KPA})
    tally = SimulationTally(zone)
    for tick in run(Setup(control, preset.model, preset.weather, preset.plans, seed=seed), days * DAY_S):
        tally.add(tick)
    return tally.figures()
