"""Calibrations that are over, by event time."""

from __future__ import annotations

from datetime import UTC, datetime, time

from services.event_processor.core.kinds.reading import sensor_id
from services.event_processor.core.look import Look
from services.event_processor.core.rules import CALIBRATION_DUE, Calibration

DAY_S = 86400


def find_calibration(look: Look, name: str, rule: Calibration) -> None:
    """One event when a calibration is due, and one for every further ``every_days`` that it is."""
    days = look.device.calibrate_every_days
    if days is None:
        return
    for channel, day in look.device.calibrated.items():
        since_s = (look.now - datetime.combine(day, time(), UTC)).total_seconds()
        overdue_days = since_s / DAY_S - days
        if overdue_days < 0 or channel not in look.values:
            continue
        key, reminder = f"{name}/{channel}", float(overdue_days // rule.every_days)
        kept = look.noted(key)
        stamped = (float(day.toordinal()), reminder)
        if kept is not None and kept[0] == stamped[0] and (kept[1] or 0.0) >= reminder:
            continue
        look.note(key, stamped)
        told = {"sensor_id": sensor_id(look, channel), "days_overdue": int(overdue_days)}
        look.tell(CALIBRATION_DUE, key, {**told, "last_calibrated": day.isoformat()})
