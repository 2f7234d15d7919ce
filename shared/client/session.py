"""One connection for many questions and commands to one service, as a long export or import needs it.

What is not answered is sent again, under the same id.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from shared.client.connect import ClientError
from shared.client.service_client import ServiceClient
from shared.mqtt import MqttClient
from shared.suite import SuiteSettings

TRIES = 4


class Session:
    """A connection that stays; use it as a context."""

    def __init__(self, suite: SuiteSettings, service: str, by: str | None = None) -> None:
        self.service = service
        self._client = ServiceClient(suite, f"upskeep-cli-{uuid.uuid4().hex[:8]}", [service], by=by)

    def __enter__(self) -> Session:
        self._client.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def client(self) -> MqttClient:
        """The connection, for what is neither question nor command."""
        return self._client.mqtt

    def ask(self, name: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Return the answer to a question; raises ClientError with the service's own words, or when none comes."""
        return self._client.ask(self.service, name, data, tries=TRIES, patient=True)

    def command(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have a command carried out and return what came of it; raises ClientError where it was not."""
        result = self._client.command(self.service, name, data, tries=TRIES, patient=True)
        if result.status != "done":
            raise ClientError(f"{self.service}: {result.reason}")
        return result.data
