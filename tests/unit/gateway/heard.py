"""Messages as the gateway hears them, for its unit tests."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from services.gateway.core.view import View
from shared.messages import Alert, Counter, DeadLetter, DeviceState, Event, Status
from shared.topics import Topics

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
TOPICS = Topics()


def state(device: str = "ups", **more: Any) -> DeviceState:
    """A UPS on mains."""
    usual = {"power": "mains", "battery": "ok", "values": {"battery_voltage": 4.1, "state_of_charge": 97.0}}
    return DeviceState.model_validate({"device": device, "time": NOON, "quality": "good"} | usual | more)


def alert(rule: str = "on_battery", key: str = "ups", **more: Any) -> Alert:
    """An alert that fires."""
    usual = {"state": "firing", "severity": "warning", "since": NOON, "time": NOON, "value": 1, "threshold": 0}
    words = {"window_s": 60, "reason": "lasts", "message": f"{key} has been on battery for more than a minute"}
    return Alert.model_validate({"rule": rule, "key": key} | usual | words | more)


def counter(kind: str = "AC_POWER_LOSS", **more: Any) -> Counter:
    """Seven, of which one in the last hour."""
    usual = {"total": 7, "last_hour": 1, "last_day": 2, "last_time": NOON, "as_of": NOON}
    return Counter.model_validate({"type": kind} | usual | more)


def event(number: int = 1, **more: Any) -> Event:
    """The mains go."""
    usual = {"type": "AC_POWER_LOSS", "category": "power", "severity": "warning", "time": NOON, "site": "home"}
    return Event.model_validate({"id": f"e{number}", "device": "ups"} | usual | more)


def status(service: str = "alerter", **more: Any) -> Status:
    """A service that is online."""
    return Status.model_validate({"service": service, "state": "online", "version": "0.1.0", "time": NOON} | more)


def dead_letter(text: str, received_on: str = "upskeep/v1/home/ingest/x") -> DeadLetter:
    """What event_processor refused."""
    payload = b64encode(text.encode()).decode()
    return DeadLetter(service="event_processor", time=NOON, reason=text, received_on=received_on, payload=payload)


def view_of(*messages: Any, at_s: float = 0.0, retained: bool = False) -> View:
    """Return a view that has heard these."""
    view = View()
    for message in messages:
        kind, parts = TOPICS.parse(message.topic(TOPICS))
        view.update(kind, parts, message, at_s, retained=retained)
    return view
