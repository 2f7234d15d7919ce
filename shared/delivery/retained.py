"""Latest values that a stage hears without a place in a stream: states, alerts, statuses, results.

They are best effort: a value may come twice, and what was said while nobody listened is not said again, but that
the broker keeps the last one of a retained topic.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.delivery.handler import Following, MessageHandler
from shared.delivery.receiver import decode
from shared.kinds import model_of
from shared.mqtt import Arrived
from shared.topics import Topics


def filters(kinds: Iterable[str], topics: Topics) -> list[str]:
    """Return what to subscribe to; every service hears ``status/…`` in any case."""
    return [topics.every(kind) for kind in kinds if kind != "status"]


def follow(kind: str, arrived: Arrived, handler: MessageHandler) -> None:
    """Hand a value to the stage, if it takes any; an empty payload clears a topic and says nothing."""
    if arrived.payload and isinstance(handler, Following):
        handler.follow(decode(model_of(kind), arrived.payload), retained=arrived.retain)
