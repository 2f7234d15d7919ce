"""Readings: what a sensor says, as an event of its own."""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import FrameContext, round_channel
from services.event_processor.core.rules.sections import Readings
from shared.quantities import QUANTITIES


def sensor_id(context: FrameContext, channel: str) -> str:
    """Return the name of one channel of one device: ``device.channel``."""
    return f"{context.frame.device}.{channel}"


SENSORS = {name: quantity for name, quantity in QUANTITIES.items() if quantity.sensor is not None}
SENSOR = "sensor"  # among what a device has shown: that it has a sensor


def find_readings(context: FrameContext, name: str, rule: Readings) -> None:
    """A ``sensor.<kind>`` event for every sensor's number, in the frame's order; then for those worked out of them."""
    for channel in (*context.values, *(derived for derived in DERIVED if derived not in context.values)):
        quantity = SENSORS.get(channel)
        value = None if quantity is None or channel in rule.except_for else context.number(channel)
        if quantity is None or value is None:
            continue
        context.mark_seen(SENSOR)
        context.emit(
            f"sensor.{quantity.sensor}",
            f"{name}/{channel}",
            {
                "sensor_id": sensor_id(context, channel),
                "value": round_channel(channel, float(value)),
                "unit": quantity.unit,
                "quality": context.frame.quality.value,
            },
        )


DERIVED = ("vapour_pressure_deficit",)  # sensors' channels that are worked out where no chip gives them
