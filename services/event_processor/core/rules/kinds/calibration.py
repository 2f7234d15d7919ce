"""Calibrations that are due, by event time."""

from __future__ import annotations

from datetime import UTC, datetime, time

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.rules.kinds.reading import sensor_id
from services.event_processor.core.rules.sections import CALIBRATION_DUE, Calibration

DAY_S = 86400


def find_calibration(context: FrameContext, name: str, rule: Calibration) -> None:
    """Emit an event when a calibration is due, and one more every ``every_days`` until it is done."""
    days = context.device.calibrate_every_days
    if days is None:
        return
    for channel, day in context.device.calibrated.items():
        since_s = (context.now - datetime.combine(day, time(), UTC)).total_seconds()
        overdue_days = since_s / DAY_S - days
        if overdue_days < 0 or channel not in context.values:
            continue
        key, reminder = f"{name}/{channel}", float(overdue_days // rule.every_days)
        kept = context.get_numbers(key)
        stamped = (float(day.toordinal()), reminder)
        if kept is not None and kept[0] == stamped[0] and (kept[1] or 0.0) >= reminder:
            continue
        context.set_numbers(key, stamped)
        data = {"sensor_id": sensor_id(context, channel), "days_overdue": int(overdue_days)}
        context.emit(CALIBRATION_DUE, key, {**data, "last_calibrated": day.isoformat()})
