"""A Mosquitto on this machine with the repo's configuration and ACL, and plain clients for it."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.support.brokers import free_port
from tests.support.waiting import until

DEADLINE_S = 90.0
CONFIGURATION = Path(__file__).parents[3] / "mosquitto"
# Sees and writes everything, to provoke what the others get; each user reads end/{user}, which ends a wait.
TESTER = "\nuser tester\ntopic readwrite #\npattern read end/%u\n"


@contextmanager
def mosquitto(program: str, folder: Path, users: Iterable[str]) -> Iterator[int]:
    """Run a broker whose users have the password ``{user}-pw``; yields its port."""
    port = free_port()
    passwd, acl, config = folder / "passwd", folder / "acl", folder / "mosquitto.conf"
    passwd.write_text("".join(f"{user}:{user}-pw\n" for user in (*users, "tester")))
    subprocess.run(["mosquitto_passwd", "-U", str(passwd)], check=True)
    rights = ["sh", str(CONFIGURATION / "rights.sh"), str(CONFIGURATION / "acl"), str(passwd)]
    acl.write_text(subprocess.run(rights, check=True, capture_output=True, text=True).stdout + TESTER)
    text = (CONFIGURATION / "mosquitto.conf").read_text()
    for there, here in (
        ("listener 1883", f"user root\nlistener {port} 127.0.0.1"),
        ("/mosquitto/run/passwd", str(passwd)),
        ("/mosquitto/run/acl", str(acl)),
        ("/mosquitto/data/", f"{folder}/"),
    ):
        assert there in text
        text = text.replace(there, here)
    config.write_text(text)
    with (folder / "log").open("w") as log, subprocess.Popen([program, "-c", str(config)], stdout=log) as broker:
        try:
            until(lambda: _answers(port), f"mosquitto on {config}")
            yield port
        finally:
            broker.terminate()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Plain:
    """A client driven by hand, so that a test needs no thread.

    ``refused`` is the CONNACK's reason, or empty; ``received`` holds the topics in order, ``latest`` each one's
    last payload.
    """

    client: Client
    refused: str = ""
    received: list[str] = field(default_factory=list)
    latest: dict[str, bytes] = field(default_factory=dict)

    def spin(self, condition: Callable[[], bool], what: str, within_s: float = DEADLINE_S) -> None:
        """Serve the connection until ``condition``."""
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within {within_s:g} s"
            self.client.loop(0.02)

    def publishable(self, topics: Iterable[str]) -> set[str]:
        """Publish to each of ``topics``; return those the broker did not refuse."""
        refused: dict[int, bool] = {}

        def answered(_client: Client, _data: Any, mid: int, reason: Any, _properties: Any) -> None:
            refused[mid] = reason.is_failure

        self.client.on_publish = answered
        sent = {self.client.publish(topic, b"{}", qos=1).mid: topic for topic in topics}
        self.spin(lambda: sent.keys() <= refused.keys(), "a PUBACK for each publish")
        return {topic for mid, topic in sent.items() if not refused[mid]}

    def subscribe(self, *filters: str) -> None:
        """Subscribe and wait for the SUBACK."""
        answers: list[int] = []
        self.client.on_subscribe = lambda *_: answers.append(1)
        self.client.subscribe([(each, 1) for each in filters])
        self.spin(lambda: bool(answers), "a SUBACK")


@contextmanager
def client(
    port: int, user: str | None, password: str | None = None, keepalive_s: int = 60, v5: bool = True
) -> Iterator[Plain]:
    """Connect as ``user``; the password defaults to ``{user}-pw``."""
    version = MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311
    mqtt = Client(CallbackAPIVersion.VERSION2, protocol=version)
    if user is not None:
        mqtt.username_pw_set(user, f"{user}-pw" if password is None else password)
    plain, reasons = Plain(mqtt), []

    def heard(_client: Client, _data: Any, message: MQTTMessage) -> None:
        plain.received.append(message.topic)
        plain.latest[message.topic] = bytes(message.payload)

    mqtt.on_connect = lambda _client, _data, _flags, reason, _properties: reasons.append(reason)
    mqtt.on_message = heard
    mqtt.connect("127.0.0.1", port, keepalive_s)
    plain.spin(lambda: bool(reasons), "a CONNACK")
    plain.refused = str(reasons[0]) if reasons[0].is_failure else ""
    try:
        yield plain
    finally:
        mqtt.disconnect()
        mqtt.loop(0.02)
