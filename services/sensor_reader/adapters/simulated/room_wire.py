"""The end of the simulated actuators: a client of their own at the suite's broker, on the topics of their template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from shared.actuation import Outgoing
from shared.mqtt import Arrived, MqttClient, Publication
from shared.suite import SuiteSettings

MOST = 1000


class RoomWire:
    """Brings orders and answers. What cannot leave at once is dropped: the next state comes soon."""

    def __init__(self, suite: SuiteSettings, name: str, topics: Sequence[str]) -> None:
        self._suite, self._name, self._topics = suite, name, topics
        self._client: MqttClient | None = None

    def open(self) -> None:
        """Begin to connect."""
        client_id = f"upskeep-{self._suite.site}-{self._name}"
        self._client = MqttClient(self._suite.broker, client_id, self._topics, persistent=False)
        self._client.open()

    def heard(self) -> Iterator[Outgoing]:
        """Yield the orders that have arrived; a retained one may be of any age and is ignored."""
        for arrival in [] if self._client is None else self._client.poll(MOST, 0.0):
            if isinstance(arrival, Arrived) and self._client is not None:
                self._client.ack(arrival.receipt)
                if not arrival.retain:
                    yield Outgoing(arrival.topic, arrival.payload)

    def send(self, reports: Iterable[Outgoing]) -> None:
        """Send answers."""
        if self._client is not None and self._client.connected:
            for each in reports:
                self._client.publish(Publication(each.topic, each.payload))

    def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            self._client.close()
