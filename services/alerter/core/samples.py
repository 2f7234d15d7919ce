"""What rules are asked about: an event, the state of a device or of a service, each as flat fields with a time.

1. An event's fields are its own (``type``, ``severity``, ``device`` …) and those of its data; its own win. A dot
   leads further down: ``detail.code``. ``sensor`` is the one channel of one device that an event is about.
2. A device's state: ``values`` beside ``power``, ``battery``, ``quality`` …
3. What is not there is None, and no test but ``absent`` speaks of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.event_text.texts import EventTexts, event_text
from shared.instants import time_to_us
from shared.messages import DeviceState, Event, Status

Source = Literal["event", "state", "service", "alert"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One thing seen: ``name`` is the event's type, the device, the service or the rule."""

    source: Source
    name: str
    time_us: int
    fields: Mapping[str, Any]
    text: str | None = None  # an event in words
    sender: str = ""  # who offered the event; empty: the suite itself

    def field(self, path: str) -> Any:
        """Return a field by its name, or by dots; None where there is none."""
        found = self.fields.get(path)
        if found is not None or "." not in path:
            return found
        first, rest = path.split(".", 1)
        below: Any = self.fields.get(first)
        for step in rest.split("."):
            below = below.get(step) if isinstance(below, Mapping) else None
        return below

    def number(self, path: str) -> float | None:
        """Return a field as a number, None where it is none; true and false are no numbers."""
        found = self.field(path)
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def event_sample(event: Event, texts: EventTexts) -> Sample:
    """Return an event as a sample, with its words as ``texts`` has them, times in UTC."""
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
    return Sample("event", event.type, time_to_us(event.time), {**event.data, **own}, event_text(event, texts), sender)


def sensor_of(event: Event) -> str | None:
    """Return which sensor an event is about: ``device.channel``, or as much of that as the event says.

    ``sensor_id`` is the device, or the device with its channel; who distinguishes them gives ``channel`` besides.
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
    """Return a service's life sign, as seen at ``now_us``: a last will bears no time."""
    return Sample("service", status.service, now_us, {"service": status.service, "state": status.state})
