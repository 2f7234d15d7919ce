"""Samples, which rules judge: an event, or the state of a device or service, each as flat fields with a time.

1. An event's fields are its own (``type``, ``severity``, ``device`` …) and those of its data; its own win. A dot leads
   into nested data: ``detail.code``. ``sensor`` is the one channel of one device that an event is about.
2. A device's fields are its ``values`` beside ``power``, ``battery``, ``quality`` …
3. A missing field is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple

from shared.event_text.texts import EventTexts, event_text
from shared.instants import time_to_us
from shared.messages import DeviceState, Event, Status

_NUMBER = (int, float)
Source = Literal["event", "state", "service", "alert"]


class Sample(NamedTuple):
    """``name`` is the event's type, the device, the service or the rule, by ``source``."""

    source: Source
    name: str
    time_us: int
    fields: Mapping[str, Any]
    text: Callable[[], str | None] | None = None  # an event in words, which most events are not asked for
    sender: str = ""  # which producer offered the event; empty: the suite itself

    def field(self, path: str) -> Any:
        """Return a field by its name or dotted path; None where there is none."""
        found = self.fields.get(path)
        if found is not None or "." not in path:
            return found
        first, rest = path.split(".", 1)
        below: Any = self.fields.get(first)
        for step in rest.split("."):
            below = below.get(step) if isinstance(below, Mapping) else None
        return below

    def number(self, path: str) -> float | None:
        """Return a field as a number; None for any other type, booleans included."""
        found = self.field(path)
        return float(found) if isinstance(found, _NUMBER) and not isinstance(found, bool) else None


def event_sample(event: Event, texts: EventTexts) -> Sample:
    """Return an event as a sample; its sentence is from ``texts``, times in UTC."""
    own = {
        "type": event.type,
        "category": event.category,
        "severity": event.severity.value,
        "site": event.site,
        "device": event.device,
        "zone": event.zone,
        "incident": event.metadata.get("incident"),
        "sensor": sensor_of(event),
    }
    sender = str(event.metadata.get("offered_by", ""))
    text = partial(event_text, event, texts)
    return Sample("event", event.type, time_to_us(event.time), {**event.data, **own}, text, sender)


def sensor_of(event: Event) -> str | None:
    """Return which sensor an event is about: ``device.channel``, or as much of that as it names; None for no device.

    ``sensor_id`` is the device, with or without its channel; ``channel``, if given, is appended once.
    """
    named, channel = event.data.get("sensor_id"), event.data.get("channel")
    device = named if isinstance(named, str) and named else event.device
    if not isinstance(channel, str) or not channel or device is None:
        return device
    return device if device.endswith(f".{channel}") else f"{device}.{channel}"


def state_sample(state: DeviceState) -> Sample:
    """Return a device's state as a sample."""
    own = {
        "device": state.device,
        "zone": state.zone,
        "quality": state.quality.value,
        "power": state.power,
        "battery": state.battery,
        "charging": state.charging,
    }
    return Sample("state", state.device, time_to_us(state.time), {**state.values, **own})


def service_sample(status: Status, now_us: int) -> Sample:
    """Return a service's status as a sample of ``now_us``, because a last will has no time of its own."""
    return Sample("service", status.service, now_us, {"service": status.service, "state": status.state})
