"""Messages as the store gets them, by default on the first seconds of 2026."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.messages import Event, Frame, Scalar, Severity

START = datetime(2026, 1, 1, tzinfo=UTC)
START_NS = 1767225600 * 10**9


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def event(number: int, seconds: float = 0, event_type: str = "AC_POWER_LOSS", **more: Any) -> Event:
    given: dict[str, Any] = {
        "producer": "event_processor",
        "epoch": "e1",
        "seq": number,
        "id": f"id-{number}",
        "type": event_type,
        "category": "power",
        "severity": Severity.WARNING,
        "time": at(seconds),
        "site": "home",
        "device": "ups",
    }
    return Event(**(given | more))


def frame(number: int, seconds: float = 0, values: dict[str, Scalar] | None = None, **more: Any) -> Frame:
    given: dict[str, Any] = {
        "producer": "sensor_reader",
        "epoch": "e1",
        "seq": number,
        "time": at(seconds),
        "device": "ups",
        "values": {"battery_voltage": 12.5} if values is None else values,
    }
    return Frame(**(given | more))
