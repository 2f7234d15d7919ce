"""A client that receives everything on a broker and may publish anything on it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from shared.mqtt import Arrived, Confirmed, MqttClient, Publication
from shared.suite import BrokerSettings
from shared.topics import Topics

TOPICS = Topics()
DEADLINE_S = 90.0


class MqttProbe:
    """Keeps every message by its topic, oldest first."""

    def __init__(self, port: int, topics: Topics = TOPICS) -> None:
        self.topics = topics
        settings = BrokerSettings(url=f"mqtt://127.0.0.1:{port}")
        self.client = MqttClient(settings, f"probe-{id(self)}", [topics.everything()], persistent=False)
        self.seen: dict[str, list[bytes]] = {}
        self._confirmed: list[object] = []

    def __enter__(self) -> MqttProbe:
        self.client.open()
        self.until(lambda: self.client.connected, "the probe connects")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def poll(self, timeout_s: float = 0.05) -> None:
        """Take in what has arrived."""
        for arrival in self.client.poll(1000, timeout_s):
            if isinstance(arrival, Arrived):
                self.client.ack(arrival.receipt)
                self.seen.setdefault(arrival.topic, []).append(arrival.payload)
            elif isinstance(arrival, Confirmed):
                self._confirmed.append(arrival.token)

    def until(self, holds: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
        """Poll until a condition holds; returns what it came to."""
        deadline = time.monotonic() + deadline_s
        while not (found := holds()):
            assert time.monotonic() < deadline, f"{what}: not within {deadline_s} s"
            self.poll()
        return found

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Publish, and wait until the broker has it."""
        token = object()
        self.until(lambda: self.client.publish(Publication(topic, payload, retain), token), f"room for {topic}")
        self.until(lambda: token in self._confirmed, f"the broker takes {topic}")

    def all(self, kind: str, *parts: str) -> list[Any]:
        """Return every message of a topic as plain data, oldest first."""
        return [json.loads(payload) for payload in self.seen.get(self.topics.build(kind, *parts), ())]

    def last(self, kind: str, *parts: str) -> Any:
        """Return the newest message of a topic as plain data, {} if there is none."""
        return (self.all(kind, *parts) or [{}])[-1]
