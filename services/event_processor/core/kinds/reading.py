"""Readings: what a sensor says, as an event of its own."""

from __future__ import annotations

from services.event_processor.core.look import Look, rounded
from services.event_processor.core.rules import Readings
from shared.quantities import QUANTITIES


def sensor_id(look: Look, channel: str) -> str:
    """Return the name of one channel of one device: ``device.channel``."""
    return f"{look.frame.device}.{channel}"


def find_readings(look: Look, name: str, rule: Readings) -> None:
    """A ``sensor.<kind>`` event for every numeric sensor channel, in the frame's order of channels."""
    for channel, value in look.values.items():
        quantity = QUANTITIES.get(channel)
        if quantity is None or quantity.sensor is None or type(value) not in (float, int) or channel in rule.except_for:
            continue
        look.tell(
            f"sensor.{quantity.sensor}",
            f"{name}/{channel}",
            {
                "sensor_id": sensor_id(look, channel),
                "value": rounded(channel, float(value)),
                "unit": quantity.unit,
                "quality": look.frame.quality.value,
            },
        )
