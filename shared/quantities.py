"""The registry of channel names: what each quantity is, its unit, its plausible range and its decimals.

A frame's ``values`` are keyed by these names. A name outside the registry is carried along and never judged.
``sensor`` names the ``sensor.<kind>`` event a reading of the channel becomes; power channels have none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quantity:
    """One channel: SI-based unit, plausible range (both ends included) and decimals worth printing."""

    name: str
    unit: str
    low: float
    high: float
    decimals: int
    description: str
    sensor: str | None = None


_TABLE = (
    # name                  unit    low      high    dec  description                                       sensor
    Quantity("battery_voltage", "V", 0.0, 120.0, 3, "battery pack voltage"),
    Quantity("cell_voltage", "V", 0.0, 5.0, 3, "voltage of the lowest cell"),
    Quantity("battery_current", "A", -50.0, 50.0, 3, "battery current; positive charges, negative discharges"),
    Quantity("battery_power", "W", -600.0, 600.0, 3, "power into the battery; negative discharges"),
    Quantity("state_of_charge", "%", 0.0, 100.0, 1, "charge left, the gauge's own estimate"),
    Quantity("charge_rate", "%/h", -500.0, 500.0, 2, "change of the state of charge; negative discharges"),
    Quantity("charge_current", "A", 0.0, 50.0, 3, "current into the battery, of chargers that do not see discharge"),
    Quantity("remaining_capacity", "Ah", 0.0, 1000.0, 3, "charge left, as an amount"),
    Quantity("time_to_empty", "min", 0.0, 65534.0, 0, "time until the battery is empty, as its controller expects"),
    Quantity("time_to_full", "min", 0.0, 65534.0, 0, "time until the battery is full, as its controller expects"),
    Quantity("state_of_health", "%", 0.0, 100.0, 0, "capacity of the full battery against that of a new one"),
    Quantity("internal_resistance", "Ω", 0.0, 10.0, 3, "internal resistance of the battery"),
    Quantity("cell_1_voltage", "V", 0.0, 5.0, 3, "voltage of cell 1"),
    Quantity("cell_2_voltage", "V", 0.0, 5.0, 3, "voltage of cell 2"),
    Quantity("cell_3_voltage", "V", 0.0, 5.0, 3, "voltage of cell 3"),
    Quantity("cell_4_voltage", "V", 0.0, 5.0, 3, "voltage of cell 4"),
    Quantity("battery_temperature", "°C", -40.0, 120.0, 1, "battery temperature"),
    Quantity("input_voltage", "V", 0.0, 300.0, 3, "supply voltage at the UPS input"),
    Quantity("input_current", "A", -50.0, 50.0, 3, "current from the supply"),
    Quantity("input_power", "W", 0.0, 5000.0, 3, "power from the supply"),
    Quantity("output_voltage", "V", 0.0, 300.0, 3, "voltage at the load"),
    Quantity("output_current", "A", -50.0, 50.0, 3, "current into the load"),
    Quantity("output_power", "W", 0.0, 5000.0, 3, "power into the load"),
    Quantity("cpu_temperature", "°C", -40.0, 125.0, 1, "host processor temperature"),
    Quantity("board_temperature", "°C", -40.0, 125.0, 1, "UPS board temperature"),
    Quantity("air_temperature", "°C", -40.0, 85.0, 2, "air temperature", "temperature"),
    Quantity("relative_humidity", "%", 0.0, 100.0, 2, "relative humidity of the air", "humidity"),
    Quantity("vapour_pressure_deficit", "kPa", 0.0, 20.0, 3, "vapour pressure deficit of the air", "vpd"),
    Quantity("co2", "ppm", 0.0, 40000.0, 0, "carbon dioxide in the air", "co2"),
    Quantity("illuminance", "lx", 0.0, 200000.0, 1, "illuminance", "illuminance"),
    Quantity("soil_moisture", "%", 0.0, 100.0, 1, "soil moisture", "soil_moisture"),
)

QUANTITIES: dict[str, Quantity] = {quantity.name: quantity for quantity in _TABLE}

# Channels that hold a state and not a number.
FACTS: dict[str, str] = {
    "ac_present": "true while the mains feed the UPS",
    "charging": "true while the charger charges the battery",
    "battery_present": "true while a battery is fitted",
    "fault": "faults that the UPS tells of, by name, or 'none'",
    "shutdown_request": "why the UPS asks its host to shut down, or 'none'",
    "lifecycle": "'started' or 'stopped': the reader's own life, from which SYSTEM_STARTUP and SYSTEM_SHUTDOWN come",
    "clean": "with lifecycle 'started': whether the run before ended by a clean stop",
    "boot_id": "with lifecycle: the host's boot",
}
