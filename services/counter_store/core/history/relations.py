"""Pages of events, and what happened around one."""

from __future__ import annotations

from typing import Any

from services.counter_store.core.answers import Answer
from services.counter_store.core.time_units import US_PER_S
from shared.instants import time_to_us
from shared.messages import Event

EventData = dict[str, Any]  # an event as it is on the wire


class HistoryPage(Answer):
    """Events in the order asked for; ``cursor`` asks for the next page, and is null on the last one.

    ``last`` is the cursor of the last event, or the one asked with: with it a client asks for later events.
    """

    events: tuple[EventData, ...]
    cursor: str | None
    last: str | None


class RelatedEvent(Answer):
    """An event, how many seconds after the one asked about (negative: before), and what they have in common."""

    after_s: float
    by: tuple[str, ...]
    event: EventData


class Related(Answer):
    """The event asked about, and those related to it, nearest in time first."""

    event: EventData
    related: tuple[RelatedEvent, ...]


def ties(one: Event, other: Event, window_s: float) -> tuple[str, ...]:
    """Return what two events have in common; device and zone count only within ``window_s`` of each other."""
    near = abs(apart_s(one, other)) <= window_s
    incident = one.metadata.get("incident")
    found = {
        "device": near and one.device is not None and one.device == other.device,
        "zone": near and one.zone is not None and one.zone == other.zone,
        "incident": incident is not None and incident == other.metadata.get("incident"),
    }
    return tuple(name for name, tied in found.items() if tied)


def apart_s(one: Event, other: Event) -> float:
    """Return how long after ``one`` the other was."""
    return (time_to_us(other.time) - time_to_us(one.time)) / US_PER_S


def as_data(event: Event) -> EventData:
    """Return the event as it is on the wire."""
    return event.model_dump(mode="json")
