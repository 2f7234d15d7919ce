"""History played again, below a topic root of its own, at any speed.

Rules:
1. What is played is published below ``replay/{root}``, where no service listens, and bears ``replayed: true`` in its
   metadata, which event_processor, counter_store and alerter pass by wherever it comes from. Its id, its times and its
   data are those of then; it has no place in a stream.
2. It is played in the order of the events' times. A pause between two is as long as it was, divided by the speed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from shared.client.client import ClientError
from shared.messages import Event
from shared.mqtt import Confirmed, Disconnected, MqttClient, Publication
from shared.topics import Topics

ENVELOPE = {"producer", "epoch", "seq"}
CONFIRM_S = 30.0


@dataclass(slots=True)
class Pace:
    """When each event is due: ``speed`` times as fast as it was, or at once (``None``)."""

    speed: float | None
    monotonic: Callable[[], float] = time.monotonic
    _began: tuple[datetime, float] | None = field(default=None, init=False)

    def wait_s(self, event_time: datetime) -> float:
        """Return how long to wait for an event of that time; 0 where it is due."""
        if self.speed is None:
            return 0.0
        if self._began is None:
            self._began = event_time, self.monotonic()
        first, began = self._began
        return max(0.0, began + (event_time - first).total_seconds() / self.speed - self.monotonic())


def replayed(event: Event) -> Event:
    """Return the event marked as history."""
    return event.model_copy(update={"metadata": {**event.metadata, "replayed": True}})


def play(events: Iterable[Event], client: MqttClient, topics: Topics, pace: Pace, step: Callable[[Event], None]) -> int:
    """Publish the events and wait until the broker has each; returns how many. Raises ClientError."""
    played = 0
    for event in events:
        _rest(client, pace.wait_s(event.time))
        marked = replayed(event)
        payload = marked.model_dump_json(exclude=ENVELOPE, exclude_none=True).encode()
        while not client.publish(Publication(marked.topic(topics), payload), played):
            _hear(client, 1.0)
        played += 1
        step(marked)
    deadline = time.monotonic() + CONFIRM_S
    while client.room < client.inflight:
        if time.monotonic() > deadline:
            raise ClientError(f"the broker did not confirm the last events in {CONFIRM_S:g} s")
        _hear(client, 0.2)
    return played


def _rest(client: MqttClient, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        _hear(client, min(left, 1.0))
    _hear(client, 0.0)


def _hear(client: MqttClient, timeout_s: float) -> None:
    for arrival in client.poll(1000, timeout_s):
        if isinstance(arrival, Confirmed) and arrival.refusal:
            raise ClientError(f"the broker refuses the replay: {arrival.refusal}; check the user's rights")
        if isinstance(arrival, Disconnected):
            raise ClientError(f"the connection is gone: {arrival.reason}")
