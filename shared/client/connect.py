"""Is anybody there? How a command gets to the broker, and what it says when a service does not answer.

1. A broker that refuses is given up after ``REFUSED_S`` (it may just be starting), a silent one after ``CONNECT_S``.
2. A service reports on ``status/…``, retained, whether it is online. One that never was, or has stopped,
   is waited for no longer than ``ABSENT_S``: it may just be starting, too.
"""

from __future__ import annotations

import time

from pydantic import ValidationError

from shared.messages import Status
from shared.mqtt import Arrived, Connected, Disconnected, MqttClient
from shared.topics import Topics

CONNECT_S = 8.0
REFUSED_S = 2.0
ABSENT_S = 3.0
OPTIONAL = {  # services that are not always there, and what to do about it
    "host_agent": "it runs where config/host_agent.yaml says `enabled: true`, see docs/host-agent.md",
    "climate_controller": "it runs where config/actuators.yaml says `enabled: true`, see docs/actuators.md",
    "climate_supervisor": "it runs where config/actuators.yaml says `enabled: true`, see docs/actuators.md",
    "uplink": "it runs where config/suite.yaml says `uplink: true`, see docs/fleet.md",
    "gateway": "it runs unless config/gateway.yaml says `enabled: false`, see docs/gateway.md",
}


class ClientError(RuntimeError):
    """The broker cannot be reached or refuses; says which and what to do."""


class RefusedByServiceError(ClientError):
    """The service answered that it will not; says its own words."""


def connect(client: MqttClient) -> None:
    """Connect, and return when the broker has accepted; raises ClientError with its reason."""
    client.open()
    began, reason, patience_s = time.monotonic(), f"no answer from {client.settings.url}", CONNECT_S
    advice = "is the suite running? `make run` starts it, --broker names another"
    while time.monotonic() - began < patience_s:
        for arrival in client.poll(1, 0.2):
            if isinstance(arrival, Connected):
                return
            if isinstance(arrival, Disconnected):
                reason, patience_s = arrival.reason, min(REFUSED_S, CONNECT_S)
                advice = "--user and --password-file say who asks" if arrival.refused else advice
    client.close()
    raise ClientError(f"{reason}; {advice}")


class Presence:
    """What is known of one service's life while it is being asked."""

    def __init__(self, topics: Topics, service: str) -> None:
        self.service = service
        self.topic = topics.build("status", service)
        self._payload = b""

    def note(self, arrival: Arrived) -> bool:
        """Take what arrived, if it is this service's status; returns whether it was."""
        if arrival.topic != self.topic:
            return False
        self._payload = arrival.payload
        return True

    @property
    def status(self) -> Status | None:
        """The last one; None where it has said nothing. It comes each second, and is read when somebody asks."""
        try:
            return Status.model_validate_json(self._payload)
        except ValidationError:
            return None  # emptied, or of another version: as if it had said nothing

    @property
    def absent(self) -> bool:
        """Whether it has never been there, has stopped or died."""
        status = self.status
        return status is None or status.state != "online"

    def silence(self, waited_s: float) -> str:
        """Say that no answer came within ``waited_s``, and what to do."""
        if not self.absent:
            return f"{self.service} is online but gave no answer in {waited_s:g} s; ask again, its log may say why"
        name = self.service.partition("-")[0]
        presence = "is not at this broker" if (status := self.status) is None else f"is {status.state}"
        advice = OPTIONAL.get(name, "`make run` starts the suite, data/log holds the services' logs")
        return f"{self.service} {presence}; {advice}"
