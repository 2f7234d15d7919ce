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
    findings, earlier = context.findings, len(context.findings)
    for channel in (*values, *[derived for derived in DERIVED if derived not in values]):
        sensor = READINGS.get(channel)
        if sensor is None or channel in rule.except_for or (value := context.number(channel)) is None:
            continue
        event_type, unit, decimals = sensor
        data = {
            "sensor_id": f"{device}.{channel}",
            "value": round(float(value), decimals),
            "unit": unit,
            "quality": quality,
        }
        findings.append(Finding(event_type, f"{name}/{channel}", data))
    if len(findings) > earlier:
        context.mark_seen(SENSOR)


READINGS = {name: (f"sensor.{quantity.sensor}", quantity.unit, quantity.decimals) for name, quantity in SENSORS.items()}
DERIVED = ("vapour_pressure_deficit",)  # sensors' channels that are computed where no chip gives them
