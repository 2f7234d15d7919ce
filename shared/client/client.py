"""A short-lived MQTT client for the command line: look, list, offer."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TypeVar

from pydantic import ValidationError

from shared.client.connect import CONNECT_S, ClientError, connect
from shared.client.exchanges import ANSWER_S
from shared.client.service_client import ServiceClient
from shared.messages import Candidate, Message
from shared.mqtt import Arrived, Confirmed, MqttClient, Publication
from shared.requests import Command, Result
from shared.services import service_of
from shared.suite import SuiteSettings

__all__ = ["Client", "ClientError"]

M = TypeVar("M", bound=Message)
QUIET_S = 0.4
VERDICT_S = 1.5  # what a candidate comes to is known by then, as a rule
PROCESSOR = "event_processor"


def verdict(arrival: Arrived, candidate: Candidate) -> tuple[bool, str | None]:
    """Return whether what arrived came of the candidate, and why that was refused if it was."""
    try:
        content = json.loads(arrival.payload)
        if "reason" in content:
            offered = json.loads(base64.b64decode(content["payload"]))
            return offered.get("id") == candidate.id, str(content["reason"])
        same_time = candidate.time is not None and datetime.fromisoformat(content["time"]) == candidate.time
        return same_time and content["type"] == candidate.type, None
    except (ValueError, KeyError, TypeError, AttributeError):
        return False, None  # something else


class Client:
    """One command's connection to the suite."""

    def __init__(self, suite: SuiteSettings) -> None:
        self.suite = suite
        self.topics = suite.topics
        self.client: MqttClient | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        if self.client is not None:
            self.client.close()
            self.client = None

    def listen(self, topics: str, seconds: float = float("inf")) -> Iterator[tuple[str, str]]:
        """Subscribe, and return (topic below the site, payload text) of every message that matches, for ``seconds``."""
        prefix = self.topics.everything().removesuffix("#")
        return self._heard(self._open([prefix + topics]), prefix, time.monotonic() + seconds)

    def _heard(self, client: MqttClient, prefix: str, deadline: float) -> Iterator[tuple[str, str]]:
        while time.monotonic() < deadline:
            for arrival in client.poll(100, 1.0):
                if isinstance(arrival, Arrived):
                    client.ack(arrival.receipt)
                    yield arrival.topic.removeprefix(prefix), arrival.payload.decode("utf-8", "replace")

    def retained(self, kind: str, model: type[M]) -> list[M]:
        """Return every retained message of ``kind``: what the broker sends at once on subscribing."""
        client = self._open([self.topics.every(kind)])
        found: list[M] = []
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < QUIET_S:
            for arrival in client.poll(1000, 0.1):
                if isinstance(arrival, Arrived):
                    client.ack(arrival.receipt)
                    quiet_since = time.monotonic()
                    if arrival.retain and arrival.payload:
                        found.append(self._read(model, arrival))
        return found

    def offer(self, producer: str, candidate: Candidate) -> str | None:
        """Publish a candidate event, and return why it was refused if the refusal comes within ``VERDICT_S``."""
        patterns = [self.topics.every("event"), self.topics.build("deadletter", PROCESSOR)]
        client = self._open(patterns)
        topic = self.topics.build("ingest", producer)
        payload = candidate.model_dump_json(exclude_none=True).encode()
        client.publish(Publication(topic, payload), "offer")
        deadline, confirmed = time.monotonic() + CONNECT_S, False
        while time.monotonic() < deadline:
            for arrival in client.poll(100, 0.2):
                if isinstance(arrival, Confirmed):
                    if arrival.refusal:
                        raise ClientError(f"the broker refuses {topic}: {arrival.refusal}; check the user's rights")
                    confirmed, deadline = True, time.monotonic() + VERDICT_S
                elif isinstance(arrival, Arrived):
                    client.ack(arrival.receipt)
                    about, reason = verdict(arrival, candidate)
                    if about:
                        return reason
        if not confirmed:
            raise ClientError(f"{self.suite.broker.url} did not confirm {topic} in {CONNECT_S:g} s")
        return None

    def ask(
        self, service: str, name: str, data: Mapping[str, Any] | None = None, timeout_s: float = ANSWER_S
    ) -> Mapping[str, Any]:
        """Ask a service and return its answer; raises ClientError with the service's own words, or when none comes."""
        with self._asking(service) as client:
            return client.ask(service, name, data, timeout_s)

    def command(self, command: Command, timeout_s: float = ANSWER_S) -> Result:
        """Send a command and return what came of it; raises ClientError when nothing is heard of it."""
        with self._asking(service_of(command.target)) as client:
            return client.send_command(command, timeout_s)

    def order(self, target: str, name: str, data: Mapping[str, Any], by: str) -> Mapping[str, Any]:
        """Send a command of now, signed ``by``, and return its result's data; raises ClientError if it is not done."""
        command = Command(
            id=str(uuid.uuid4()), target=target, name=name, time=datetime.now(UTC), by=by, data=dict(data)
        )
        result = self.command(command)
        if result.status != "done":
            raise ClientError(f"{service_of(target)}: {result.reason}")
        return result.data

    def _asking(self, service: str) -> ServiceClient:
        self._leave()
        return ServiceClient(self.suite, _client_id(), [service])

    def _open(self, subscriptions: list[str]) -> MqttClient:
        self._leave()
        self.client = MqttClient(self.suite.broker, _client_id(), subscriptions, persistent=False)
        connect(self.client)
        return self.client

    def _read(self, model: type[M], arrived: Arrived) -> M:
        try:
            return model.model_validate_json(arrived.payload)
        except ValidationError as error:
            raise ClientError(f"{arrived.topic} holds something else than {model.__name__}: {error}") from None


def _client_id() -> str:
    return f"upskeep-cli-{uuid.uuid4().hex[:8]}"
