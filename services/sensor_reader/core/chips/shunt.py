"""Current by the voltage over a shunt: what the monitors of TI have in common."""

from __future__ import annotations

from collections.abc import Mapping

from services.sensor_reader.core.chips.mount import Measures, Mount
from services.sensor_reader.core.reading import Reading


def over_shunt(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Return current and power from ``shunt_voltage`` and ``voltage``; nothing where the shunt says nothing."""
    if "shunt_voltage" not in decoded:
        return Reading()
    amperes = mount.current_sign * decoded["shunt_voltage"] / mount.shunt_ohm
    return Reading(current_and_power(mount.measures, amperes, decoded.get("voltage")))


def current_and_power(measures: Measures | None, amperes: float, volts: float | None) -> dict[str, float]:
    """Return the channels. Positive charges a battery; power into a load, or from a supply, is never below 0."""
    current = round(amperes, 6)
    values = {f"{measures}_current": current}
    if volts is not None:
        power = round(current * volts, 6)
        values[f"{measures}_power"] = power if measures == "battery" else max(power, 0.0)
    return values
