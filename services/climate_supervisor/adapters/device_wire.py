"""The actuators' end: a client of its own at the same broker, on the topics of their makers.

No session and no will: what was meant for a supervisor that is gone is void, and leases take care of the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shared.actuation import Outgoing
from shared.clock import Clock
from shared.mqtt import Arrived, Disconnected, MqttClient, Publication
from shared.suite import SuiteSettings

MOST_WAITING = 1000


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer of a device; ``retained``: the broker kept it, and it may be of any age."""

    topic: str
    payload: bytes
    retained: bool


class DeviceWire:
    """Speaks to the actuators. What cannot leave at once is dropped with the connection: it would come too late."""

    def __init__(self, suite: SuiteSettings, name: str, topics: Sequence[str], clock: Clock,
                 wake: Callable[[], None]) -> None:  # fmt: skip
        client_id = f"upskeep-{suite.site}-{name}-devices"
        self._client = MqttClient(suite.broker, client_id, topics, persistent=False, clock=clock, on_arrival=wake)
        self._waiting: deque[Outgoing] = deque(maxlen=MOST_WAITING)

    def open(self) -> None:
        """Begin to connect."""
        self._client.open()

    @property
    def connected(self) -> bool:
        """Whether the broker is connected."""
        return self._client.connected

    def heard(self) -> Iterator[Heard]:
        """Yield what has arrived."""
        for arrival in self._client.poll(1000, 0.0):
            match arrival:
                case Arrived():
                    self._client.ack(arrival.receipt)
                    yield Heard(arrival.topic, arrival.payload, arrival.retain)
                case Disconnected():
                    self._waiting.clear()
                case _:
                    pass

    def send(self, outgoing: Outgoing) -> None:
        """Send a message to a device."""
        if self._client.connected:
            self._waiting.append(outgoing)
            self.flush()

    def flush(self) -> None:
        """Send what waits for room."""
        while self._waiting and self._client.publish(Publication(self._waiting[0].topic, self._waiting[0].payload)):
            self._waiting.popleft()

    def close(self) -> None:
        """Disconnect."""
        self._client.close()
