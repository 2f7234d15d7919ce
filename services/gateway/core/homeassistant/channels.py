"""Each channel as Home Assistant knows it: device class and state class of sensors, classes of binary sensors.

Classes and units: https://www.home-assistant.io/integrations/sensor/ and …/binary_sensor/. Only classes that exist
since device-based discovery (Home Assistant 2024.11) are used: an unknown one makes it refuse the whole device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.quantities import FACTS, QUANTITIES, WORDS

MEASUREMENT, TOTAL = "measurement", "total_increasing"


@dataclass(frozen=True, slots=True)
class Sensor:
    """How a number is shown. ``unit`` None: a plain number. ``diagnostic``: not on the device's first page."""

    device_class: str | None = None
    state_class: str = MEASUREMENT
    unit: str | None = None
    decimals: int | None = None
    diagnostic: bool = False


# What a unit says of a quantity, where nothing below says otherwise.
OF_UNIT: Mapping[str, str] = {
    "V": "voltage",
    "A": "current",
    "W": "power",
    "Wh": "energy",
    "VA": "apparent_power",
    "Hz": "frequency",
    "s": "duration",
    "B": "data_size",
    "°C": "temperature",
    "kPa": "pressure",
    "hPa": "atmospheric_pressure",
    "lx": "illuminance",
    "ppm": "carbon_dioxide",
}
OF_CHANNEL: Mapping[str, str] = {
    "state_of_charge": "battery",
    "estimated_charge": "battery",
    "relative_humidity": "humidity",
    "soil_moisture": "moisture",
}
COUNTED = frozenset({"energy_in", "energy_out", "output_energy", "charge_in", "charge_out", "charge_cycles"})
NO_UNIT = frozenset({"1"})
# Bounds, and what is of interest to few: Home Assistant lists them under the device's diagnostics.
DIAGNOSTIC = frozenset(
    name
    for name in QUANTITIES
    if name.endswith(("_low", "_high", "_low_s", "_high_s"))
    or name.startswith(("usual_", "capacity_", "ain", "cell_1", "cell_2", "cell_3", "cell_4"))
) | {
    "c_rate",
    "internal_resistance",
    "load_average",
    "uptime",
    "output_run_time",
    "battery_health_confirmed",
    "disk_free_bytes",
}

# The states of a UPS or host that are true or false: their classes. None: plainly on or off.
FLAGS: Mapping[str, str | None] = {
    "ac_present": "power",
    "charging": "battery_charging",
    "battery_present": None,
    "overload": "problem",
    "replace_battery": "problem",
    "output_on": "power",
    "power_fault": "problem",
    "battery_low": "battery",
    "battery_high": "problem",
    "bypass": "problem",
    "calibrating": "running",
    "boosting": None,
    "trimming": None,
    "forced_shutdown": "problem",
    "alarm": "problem",
    "under_voltage": "problem",
    "frequency_capped": "problem",
    "throttled": "problem",
    "too_warm": "heat",
    "under_voltage_since_boot": "problem",
    "frequency_capped_since_boot": "problem",
    "throttled_since_boot": "problem",
    "too_warm_since_boot": "problem",
}
DIAGNOSTIC_FLAGS = frozenset(name for name in FLAGS if name.endswith("_since_boot")) | {"battery_present"}
# What the reader says of itself is no entity.
PASSED_OVER = frozenset({"lifecycle", "clean", "boot_id", "calibration", "sensor_id"})
TEXTS = (WORDS | {"estimated_charge_source", "state_of_charge_doubt"}) - PASSED_OVER

NAMES: Mapping[str, str] = {
    "co2": "CO2",
    "c_rate": "C-rate",
    "cpu_temperature": "CPU temperature",
    "ac_present": "Mains",
}


def sensor_of(channel: str) -> Sensor:
    """Return how a channel with numbers is shown; one that the registry does not know is a plain number."""
    quantity = QUANTITIES.get(channel)
    if quantity is None:
        return Sensor()
    return Sensor(
        device_class=OF_CHANNEL.get(channel) or OF_UNIT.get(quantity.unit),
        state_class=TOTAL if channel in COUNTED else MEASUREMENT,
        unit=None if quantity.unit in NO_UNIT else quantity.unit,
        decimals=quantity.decimals,
        diagnostic=channel in DIAGNOSTIC,
    )


def name_of(channel: str) -> str:
    """Return the entity's name: ``runtime_left_s`` is "Runtime left"."""
    words = channel.removesuffix("_s").replace("_", " ")
    return NAMES.get(channel) or words[:1].upper() + words[1:]


def is_text(channel: str, value: object) -> bool:
    """Return whether a channel holds words."""
    return isinstance(value, str) or (channel in TEXTS and channel in FACTS)
