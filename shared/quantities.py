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
    Quantity("battery_voltage", "V", 0.0, 1000.0, 3, "battery pack voltage"),
    Quantity("cell_voltage", "V", 0.0, 5.0, 3, "voltage of the lowest cell"),
    Quantity("cell_1_voltage", "V", 0.0, 5.0, 3, "voltage of cell 1"),
    Quantity("cell_2_voltage", "V", 0.0, 5.0, 3, "voltage of cell 2"),
    Quantity("cell_3_voltage", "V", 0.0, 5.0, 3, "voltage of cell 3"),
    Quantity("cell_4_voltage", "V", 0.0, 5.0, 3, "voltage of cell 4"),
    Quantity("charge_current", "A", 0.0, 50.0, 3, "current into the battery, of chargers that do not see discharge"),
    Quantity("remaining_capacity", "Ah", 0.0, 1000.0, 3, "charge left, as an amount"),
    Quantity("time_to_full_s", "s", 0.0, 1e7, 0, "time until the battery is full, as its controller expects"),
    Quantity("battery_current", "A", -5000.0, 5000.0, 3, "battery current; positive charges, negative discharges"),
    Quantity("output_run_time", "s", 0.0, 4.3e9, 0, "how long the board has given power without a break"),
    Quantity("battery_power", "W", -1e6, 1e6, 3, "power into the battery; negative discharges"),
    Quantity("c_rate", "1/h", -50.0, 50.0, 3, "battery current by capacity; 1 fills or empties it in an hour"),
    Quantity("state_of_charge", "%", 0.0, 100.0, 1, "charge left, the gauge's own estimate"),
    Quantity("charge_rate", "%/h", -500.0, 500.0, 2, "change of the state of charge; negative discharges"),
    Quantity("battery_temperature", "°C", -40.0, 120.0, 1, "battery temperature"),
    Quantity("runtime_left_s", "s", 0.0, 1e7, 0, "how long the battery lasts at the present load"),
    Quantity("estimated_charge", "%", 0.0, 100.0, 1, "charge left, estimated from voltage and what has flowed"),
    Quantity("estimated_charge_low", "%", 0.0, 100.0, 1, "nine truths in ten lie above this and below the high one"),
    Quantity("estimated_charge_high", "%", 0.0, 100.0, 1, "upper bound of the estimated charge"),
    Quantity("estimated_runtime_s", "s", 0.0, 1e7, 0, "how long the battery lasts at the present load, estimated"),
    Quantity("estimated_runtime_low_s", "s", 0.0, 1e7, 0, "lower bound of the estimated runtime: act on this one"),
    Quantity("estimated_runtime_high_s", "s", 0.0, 1e7, 0, "upper bound of the estimated runtime"),
    Quantity("usual_runtime_s", "s", 0.0, 1e7, 0, "how long the battery lasts at the load of the days before"),
    Quantity("usual_runtime_low_s", "s", 0.0, 1e7, 0, "lower bound of that"),
    Quantity("usual_runtime_high_s", "s", 0.0, 1e7, 0, "upper bound of that"),
    Quantity("estimated_time_to_full_s", "s", 0.0, 1e7, 0, "time until the battery is full, estimated"),
    Quantity("estimated_time_to_full_low_s", "s", 0.0, 1e7, 0, "lower bound of that"),
    Quantity("estimated_time_to_full_high_s", "s", 0.0, 1e7, 0, "upper bound of that"),
    Quantity("estimated_capacity", "mAh", 0.0, 1e7, 0, "capacity, from whole discharges, else nameplate and voltage"),
    Quantity(
        "internal_resistance", "mΩ", 0.0, 10000.0, 1, "resistance of one cell with its wiring, from steps of the load"
    ),
    Quantity("capacity_seen", "mAh", 0.0, 1e7, 0, "capacity, from charge drawn and state of charge lost"),
    Quantity("capacity_uncertainty", "mAh", 0.0, 1e7, 0, "by how much capacity_seen may be wrong"),
    Quantity("battery_health_confirmed", "%", 0.0, 200.0, 1, "battery_health on which three discharges agree"),
    Quantity("battery_health", "%", 0.0, 200.0, 1, "capacity seen, of the capacity the battery was sold with"),
    Quantity("charge_cycles", "cycles", 0.0, 1e6, 3, "equivalent full cycles"),
    Quantity("charge_in", "Ah", 0.0, 1e9, 3, "charge into the battery since it was first seen"),
    Quantity("charge_out", "Ah", 0.0, 1e9, 3, "charge out of the battery since it was first seen"),
    Quantity("energy_in", "Wh", 0.0, 1e9, 3, "energy into the battery since it was first seen"),
    Quantity("energy_out", "Wh", 0.0, 1e9, 3, "energy out of the battery since it was first seen"),
    Quantity("output_energy", "Wh", 0.0, 1e9, 3, "energy into the load since it was first seen"),
    Quantity("input_voltage", "V", 0.0, 600.0, 3, "supply voltage at the UPS input"),
    Quantity("output_voltage", "V", 0.0, 600.0, 3, "voltage at the load"),
    Quantity("input_current", "A", -5000.0, 5000.0, 3, "current from the supply"),
    Quantity("input_power", "W", 0.0, 1e6, 3, "power from the supply"),
    Quantity("output_current", "A", -5000.0, 5000.0, 3, "current into the load"),
    Quantity("rated_output_current", "A", 0.0, 5000.0, 2, "current into the load that the UPS's nameplate allows"),
    Quantity("output_power", "W", 0.0, 1e6, 3, "power into the load"),
    Quantity("output_load", "%", 0.0, 1000.0, 1, "load, of what the UPS can carry"),
    Quantity("cpu_temperature", "°C", -40.0, 125.0, 1, "host processor temperature"),
    Quantity("board_temperature", "°C", -40.0, 125.0, 1, "UPS board temperature"),
    Quantity("apparent_power", "VA", 0.0, 1e6, 0, "apparent power into the load"),
    Quantity("input_frequency", "Hz", 0.0, 500.0, 2, "frequency of the mains"),
    Quantity("output_frequency", "Hz", 0.0, 500.0, 2, "frequency at the load"),
    Quantity("uptime", "s", 0.0, 1e10, 0, "time since the host was started"),
    Quantity("load_average", "1", 0.0, 1e6, 2, "processes running or waiting on the host, mean of a minute"),
    Quantity("disk_free", "%", 0.0, 100.0, 1, "room left where the suite keeps its data"),
    Quantity("disk_free_bytes", "B", 0.0, 1e18, 0, "room left where the suite keeps its data"),
    Quantity("air_temperature", "°C", -40.0, 85.0, 2, "air temperature", "temperature"),
    Quantity("relative_humidity", "%", 0.0, 100.0, 2, "relative humidity of the air", "humidity"),
    Quantity("vapour_pressure_deficit", "kPa", 0.0, 20.0, 3, "vapour pressure deficit of the air", "vpd"),
    Quantity("leaf_temperature", "°C", -40.0, 85.0, 2, "leaf temperature"),
    Quantity(
        "leaf_vapour_pressure_deficit", "kPa", -20.0, 20.0, 3, "vapour pressure deficit at the leaf; below 0 it is wet"
    ),
    Quantity("air_pressure", "hPa", 300.0, 1100.0, 2, "pressure of the air where the sensor is", "pressure"),
    Quantity("dew_point", "°C", -110.0, 85.0, 2, "dew point of the air"),
    Quantity("absolute_humidity", "g/m³", 0.0, 400.0, 2, "water in the air"),
    Quantity("co2", "ppm", 0.0, 40000.0, 0, "carbon dioxide in the air", "co2"),
    Quantity("illuminance", "lx", 0.0, 200000.0, 1, "illuminance", "illuminance"),
    Quantity("soil_moisture", "%", 0.0, 100.0, 1, "soil moisture", "soil_moisture"),
    *(Quantity(f"ain{n}_voltage", "V", -6.144, 6.144, 4, f"voltage at analog input {n}") for n in range(4)),
)

QUANTITIES: dict[str, Quantity] = {quantity.name: quantity for quantity in _TABLE}

# Channels that hold a state and not a number.
FACTS: dict[str, str] = {
    "fault": "faults that the UPS reports, by name, or 'none'",
    "shutdown_request": "why the UPS asks its host to shut down, or 'none'",
    "ac_present": "true while the mains feed the UPS",
    "charging": "true while the charger charges the battery",
    "battery_present": "false while no battery is in the UPS",
    "overload": "true while the load is more than the UPS carries",
    "replace_battery": "true while the UPS asks for a new battery",
    "output_on": "false while the UPS feeds no load",
    "power_fault": "true where the board says that it cut the power itself, once; it stays until somebody clears it",
    "estimated_charge_source": "'current', 'power' or 'voltage': what the estimated charge stands on",
    "state_of_charge_doubt": "why the gauge's own state of charge is doubted; absent while it may be believed",
    "self_test": "'running', 'passed' or 'failed': the UPS's own test",
    # what a UPS says of itself, e.g. in the words of NUT's ups.status
    "battery_low": "true while the UPS itself calls its battery low",
    "battery_high": "true while the UPS itself calls its battery's voltage too high",
    "bypass": "true while the load is fed past the UPS, without protection",
    "calibrating": "true while the UPS discharges its battery to measure it",
    "boosting": "true while the UPS raises a low mains voltage",
    "trimming": "true while the UPS lowers a high mains voltage",
    "forced_shutdown": "true from when the UPS is to cut the power, until it is back",
    "alarm": "true while the UPS raises an alarm of its own",
    "alarm_text": "what the UPS says of its alarm, in its own words",
    # what a Raspberry Pi says of its supply: now, and since it was started
    "under_voltage": "true while the host's supply is below what it needs",
    "frequency_capped": "true while the host's processor is held back for want of power",
    "throttled": "true while the host's processor is slowed down",
    "too_warm": "true while the host's processor is held back by its soft temperature limit",
    "under_voltage_since_boot": "true once under_voltage has been, since the host was started",
    "frequency_capped_since_boot": "true once frequency_capped has been, since the host was started",
    "throttled_since_boot": "true once throttled has been, since the host was started",
    "too_warm_since_boot": "true once too_warm has been, since the host was started",
    "lifecycle": "'started' or 'stopped': the reader's own life, from which SYSTEM_STARTUP and SYSTEM_SHUTDOWN come",
    "clean": "with lifecycle 'started': whether the run before ended by a clean stop",
    "boot_id": "with lifecycle: the host's boot",
    "calibration": "'performed' or 'due': a sensor's calibration, from which its two events come",
    "sensor_id": "with calibration: the device it is about",
}

# Facts that are words; all others are true or false.
WORDS = frozenset(
    {"alarm_text", "fault", "shutdown_request", "self_test", "lifecycle", "boot_id", "calibration", "sensor_id"}
)
