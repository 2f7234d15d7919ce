"""Readings: each number of a sensor as an event."""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import Finding, FrameContext
from services.event_processor.core.rules.sections import Readings
from shared.quantities import QUANTITIES


def sensor_id(context: FrameContext, channel: str) -> str:
    """Return the name of one channel of one device: ``device.channel``."""
    return f"{context.frame.device}.{channel}"


SENSORS = {name: quantity for name, quantity in QUANTITIES.items() if quantity.sensor is not None}
SENSOR = "sensor"  # in ``Memory.seen``: the device has a sensor


def find_readings(context: FrameContext, name: str, rule: Readings) -> None:
    """Emit a ``sensor.<kind>`` event for every sensor's number, in the frame's order, then for the computed ones."""
    values, device, quality = context.values, context.frame.device, context.frame.quality.value
    for channel in (*values, *[derived for derived in DERIVED if derived not in values]):
        sensor = SENSORS.get(channel)
        value = None if sensor is None or channel in rule.except_for else context.number(channel)
        if sensor is None or value is None:
            continue
        if SENSOR not in context.seen:
            context.mark_seen(SENSOR)
        data = {
            "sensor_id": f"{device}.{channel}",
            "value": round(float(value), sensor.decimals),
            "unit": sensor.unit,
            "quality": quality,
        }
        context.findings.append(Finding(TYPES[channel], f"{name}/{channel}", data))


TYPES = {name: f"sensor.{quantity.sensor}" for name, quantity in SENSORS.items()}
DERIVED = ("vapour_pressure_deficit",)  # sensors' channels that are computed where no chip gives them
