"""The connection to the actuators: an MQTT client of its own at the same broker, on the topics of their makers.

It has no session and no will: answers to a supervisor that is gone are void, and the leases end its orders.
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
class DeviceAnswer:
    """An answer of a device; a ``retained`` one may be of any age."""

    topic: str
    payload: bytes
    retained: bool


class DeviceWire:
    """Sends to the actuators and receives their answers. Messages that wait when the connection ends are dropped."""

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

    def received(self) -> Iterator[DeviceAnswer]:
        """Yield the answers that have arrived."""
        for arrival in self._client.poll(1000, 0.0):
            match arrival:
                case Arrived():
                    self._client.ack(arrival.receipt)
                    yield DeviceAnswer(arrival.topic, arrival.payload, arrival.retain)
                case Disconnected():
                    self._waiting.clear()
                case _:
                    pass

    def send(self, outgoing: Outgoing) -> None:
        """Send a message to a device; without a connection it is dropped."""
        if self._client.connected:
            self._waiting.append(outgoing)
            self.flush()

    def flush(self) -> None:
        """Send the messages that wait for room in the client."""
        while self._waiting and self._client.publish(Publication(self._waiting[0].topic, self._waiting[0].payload)):
            self._waiting.popleft()

    def close(self) -> None:
        """Disconnect."""
        self._client.close()
