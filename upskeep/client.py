"""A short-lived MQTT client for the command line: look, list, offer."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from types import TracebackType
from typing import TypeVar

from pydantic import ValidationError

from shared.messages import Candidate, Message
from shared.mqtt import Arrived, Confirmed, Connected, Disconnected, Door, Publication
from shared.suite import SuiteSettings

M = TypeVar("M", bound=Message)
CONNECT_S = 8.0
QUIET_S = 0.4


class ClientError(RuntimeError):
    """The broker cannot be reached or refuses; says which and what to do."""


class Client:
    """One command's connection to the suite."""

    def __init__(self, suite: SuiteSettings) -> None:
        self.suite = suite
        self.topics = suite.topics
        self.door: Door | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.door is not None:
            self.door.close()

    def listen(self, topics: str) -> Iterator[tuple[str, str]]:
        """Yield (topic below the site, payload text) of every message that matches, until interrupted."""
        prefix = self.topics.everything().removesuffix("#")
        door = self._open([prefix + topics])
        while True:
            for arrival in door.take(100, 1.0):
                if isinstance(arrival, Arrived):
                    door.ack(arrival.receipt)
                    yield arrival.topic.removeprefix(prefix), arrival.payload.decode("utf-8", "replace")

    def retained(self, kind: str, model: type[M]) -> list[M]:
        """Return every retained message of ``kind``: what the broker sends at once on subscribing."""
        door = self._open([self.topics.every(kind)])
        found: list[M] = []
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < QUIET_S:
            for arrival in door.take(1000, 0.1):
                if isinstance(arrival, Arrived):
                    door.ack(arrival.receipt)
                    quiet_since = time.monotonic()
                    if arrival.retain and arrival.payload:
                        found.append(self._read(model, arrival))
        return found

    def offer(self, producer: str, candidate: Candidate) -> None:
        """Publish a candidate event and wait until the broker has it."""
        door = self._open([])
        topic = self.topics.build("ingest", producer)
        payload = candidate.model_dump_json(exclude_none=True).encode()
        door.publish(Publication(topic, payload), "offer")
        deadline = time.monotonic() + CONNECT_S
        while time.monotonic() < deadline:
            for arrival in door.take(100, 0.2):
                if isinstance(arrival, Confirmed):
                    if arrival.refusal:
                        raise ClientError(f"the broker refuses {topic}: {arrival.refusal}; check the user's rights")
                    return
        raise ClientError(f"{self.suite.broker.url} did not confirm {topic} in {CONNECT_S:g} s")

    def _open(self, subscriptions: list[str]) -> Door:
        name = f"upskeep-cli-{uuid.uuid4().hex[:8]}"
        self.door = Door(self.suite.broker, name, subscriptions, persistent=False)
        self.door.open()
        deadline = time.monotonic() + CONNECT_S
        reason = "no answer"
        while time.monotonic() < deadline:
            for arrival in self.door.take(1, 0.2):
                if isinstance(arrival, Connected):
                    return self.door
                if isinstance(arrival, Disconnected):
                    reason = arrival.reason
        raise ClientError(f"{reason}; is the suite running? `make run` starts it, --broker names another")

    def _read(self, model: type[M], arrived: Arrived) -> M:
        try:
            return model.model_validate_json(arrived.payload)
        except ValidationError as error:
            raise ClientError(f"{arrived.topic} holds something else than {model.__name__}: {error}") from None
