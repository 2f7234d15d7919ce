"""A day in a glasshouse, from six in the morning: what goes well, what goes wrong, and what it is watched with."""

from __future__ import annotations

from services.sensor_reader.adapters.simulated.room import Tending
from services.sensor_reader.adapters.simulated.script import Phase, Scenario
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Analog, Mount
from services.sensor_reader.core.polling.device import ChipPart, Device

MINUTE, HOUR = 60.0, 3600.0
STEP_S = 60.0
SOIL = Mount(analog=(Analog(0, "soil_moisture", gain=-100 / 1.5, offset=100 * 2.6 / 1.5, least=0.0, most=100.0),))


def _device(name: str, kind: str, mount: Mount) -> Device:
    chip = CHIPS[kind].on(mount)
    return Device(name, (ChipPart(chip, 1, chip.addresses[0], mount),), STEP_S, zone="greenhouse")


DEVICES = (
    _device("climate", "sht4x", Mount()),
    _device("co2", "scd4x", Mount()),
    _device("light", "bh1750", Mount()),
    _device("bed", "ads1115", SOIL),
)

GREENHOUSE_DAY = Scenario(
    "greenhouse_day",
    "a day under glass: gas that is let in for too long, vents that stay shut at noon, a damp night",
    (
        Phase(75 * MINUTE),
        Phase(15 * MINUTE, tending=Tending(water_percent_s=0.02)),
        Phase(90 * MINUTE, tending=Tending(gas_ppm_s=0.75)),
        Phase(3 * HOUR, tending=Tending(vents=0.5)),
        Phase(2 * HOUR),  # noon, and the vents are stuck shut
        Phase(30 * MINUTE, tending=Tending(vents=1.0, fog_kpa_s=0.0012)),
        Phase(4.5 * HOUR, tending=Tending(vents=0.9)),
        Phase(10 * MINUTE, tending=Tending(vents=0.2, water_percent_s=0.02)),
        Phase(5 * HOUR + 20 * MINUTE),
        Phase(2 * HOUR, tending=Tending(vents=0.15, heating_c=9.0)),  # the air is dried
        Phase(3.5 * HOUR),
    ),
    step_s=STEP_S,
    devices=DEVICES,
)
