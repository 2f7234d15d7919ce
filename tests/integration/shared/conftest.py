"""A visitor of a broker, for the tests of the MQTT client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from shared.mqtt import Arrival, Arrived, Confirmed, MqttClient, Publication
from tests.support.brokers import Broker

DEADLINE_S = 90.0


class Visitor:
    """A door and everything it has reported."""

    def __init__(self, broker: Broker, name: str, *filters: str, **options: object) -> None:
        settings = options.pop("settings", broker.settings)
        self.client = MqttClient(settings, name, list(filters), **options)
        self.seen: list[Arrival] = []
        self.client.open()

    def until(self, holds: Callable[[], object], what: str = "the condition") -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, f"{what} did not come true; saw {self.seen[-5:]}"
            self.seen += self.client.poll(100, 0.05)

    def connected(self) -> Visitor:
        self.until(lambda: self.client.connected, "connecting")
        return self

    def payloads(self) -> list[bytes]:
        return [item.payload for item in self.seen if isinstance(item, Arrived)]

    def say(self, topic: str, payload: bytes, retain: bool = False) -> None:
        token = object()
        self.until(lambda: self.client.publish(Publication(topic, payload, retain), token), "room")
        self.until(lambda: any(isinstance(i, Confirmed) and i.token is token for i in self.seen), "confirmation")

    def crash(self) -> None:
        """Vanish without a DISCONNECT."""
        self.client._closing.set()
        connection = self.client._connection
        assert connection is not None
        connection.client._sock_close()
        self.client.reading.give_back()
        self.client._thread.join(5)


@pytest.fixture
def visit() -> Iterator[Callable[..., Visitor]]:
    visitors: list[Visitor] = []

    def make(*arguments: object, **options: object) -> Visitor:
        visitors.append(Visitor(*arguments, **options))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.client.close(timeout_s=1)
