"""One connection for many questions and commands to one service, as a long export or import needs it.

A question or command that is not answered is sent again with its number: questions change nothing, and a command is
carried out once by its id.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from shared.client.client import ANSWER_S
from shared.client.connect import ABSENT_S, ClientError, Presence, connect
from shared.messages import Message
from shared.mqtt import Arrived, Confirmed, MqttClient, Publication
from shared.requests import Command, Request, Response, Result
from shared.suite import SuiteSettings

TRIES = 4
M = TypeVar("M", bound=Message)


class Session:
    """A connection that stays; use it as a context."""

    def __init__(self, suite: SuiteSettings, service: str, by: str | None = None) -> None:
        self.suite = suite
        self.service = service
        self.by = by
        topics = suite.topics
        self.presence = Presence(topics, service)
        subscriptions = [topics.every("response", service), topics.every("result", service), self.presence.topic]
        name = f"upskeep-cli-{uuid.uuid4().hex[:8]}"
        self.client = MqttClient(suite.broker, name, subscriptions, persistent=False)

    def __enter__(self) -> Session:
        connect(self.client)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def ask(self, name: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Return the answer to a question; raises ClientError with the service's own words, or when none comes."""
        asked = Request(service=self.service, name=name, transaction=uuid.uuid4().hex, data=dict(data or {}))
        answer = next((a for a in self._said(asked, Response) if a.transaction == asked.transaction), None)
        if answer is None:
            raise ClientError(self.presence.silence(TRIES * ANSWER_S))
        if answer.status == "error":
            raise ClientError(f"{self.service}: {answer.error}")
        return answer.data

    def command(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have a command carried out and return what came of it; raises ClientError where it was not."""
        command = Command(
            id=uuid.uuid4().hex, target=self.service, name=name, time=datetime.now(UTC), by=self.by, data=dict(data)
        )
        result = next((r for r in self._said(command, Result) if r.id == command.id), None)
        if result is None and self.presence.absent:
            raise ClientError(self.presence.silence(TRIES * ANSWER_S))
        if result is None:
            raise ClientError(f"{self.service} told of no result in {TRIES * ANSWER_S:g} s; it may still carry it out")
        if result.status != "done":
            raise ClientError(f"{self.service}: {result.reason}")
        return result.data

    def _said(self, question: Request | Command, model: type[M]) -> Iterator[M]:
        """Send, and again while nobody has stopped to listen; yield what is said meanwhile."""
        topic = question.topic(self.suite.topics)
        payload = question.model_dump_json(exclude_none=True, exclude={"producer", "epoch", "seq"}).encode()
        for _ in range(TRIES):
            self.client.publish(Publication(topic, payload), "question")
            began = time.monotonic()
            while (waited_s := time.monotonic() - began) < ANSWER_S:
                if self.presence.status is None and waited_s > ABSENT_S:
                    return  # one that never was; what died may be back any moment
                for arrival in self.client.poll(100, 0.2):
                    if isinstance(arrival, Confirmed) and arrival.refusal:
                        raise ClientError(f"the broker refuses {topic}: {arrival.refusal}; check the user's rights")
                    if isinstance(arrival, Arrived):
                        self.client.ack(arrival.receipt)
                        if self.presence.note(arrival):
                            continue
                        try:
                            yield model.model_validate_json(arrival.payload)
                        except ValidationError:
                            continue  # an answer of the other kind, or to somebody else
