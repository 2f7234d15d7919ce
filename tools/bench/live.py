"""The live suite over a recording, as ``upskeep run`` starts it, and an MQTT client that looks on."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from shared.messages import Counter, Frame, Message, Status
from shared.mqtt import Arrived, MqttClient
from shared.notices import Notice
from shared.settings import read_settings
from shared.suite import SuiteSettings
from upskeep.runner import broker
from upskeep.runner.live_view import viewer
from upskeep.runner.run import LocalBroker
from upskeep.runner.supervisor import SERVICES, Supervisor

START = datetime(2026, 1, 1, tzinfo=UTC)
TIMEOUT_S = 300.0
RATE = 100
MODELS: dict[str, type[Message]] = {"raw": Frame, "counter": Counter, "notice": Notice, "status": Status}


class Live:
    """The suite over a recording, and a door that looks on."""

    names: Sequence[str] = SERVICES

    def __init__(self, kind: str, rows: Iterator[str], speed: str, folder: Path, kinds: tuple[str, ...]) -> None:
        config = self.config(folder)
        recording = folder / "bench.csv"
        recording.write_text("\n".join(rows) + "\n", encoding="utf-8")
        port = free_port()
        self.broker = LocalBroker(kind, port, folder / "broker", lambda _: None)
        self.broker.ready()
        environ = {
            "UPSKEEP_CONFIG": str(config),
            "UPSKEEP_SUITE__BROKER__URL": self.broker.url,
            "UPSKEEP_SUITE__DATA": str(folder),
            "UPSKEEP_SOURCE": f"recording:{recording}",
            "UPSKEEP_SPEED": speed,
        }
        suite = read_settings(config, "suite", SuiteSettings, {"UPSKEEP_SUITE__BROKER__URL": self.broker.url})
        self.topics = suite.topics
        self.client: MqttClient = viewer(suite.broker, suite.topics, "upskeep-bench", kinds)
        self.suite = Supervisor(environ, folder / "log", lambda _: None, names=self.names)

    def config(self, folder: Path) -> Path:  # noqa: ARG002 - who measures something else makes one there
        """Return the configuration to run with."""
        return Path(os.environ.get("UPSKEEP_CONFIG", "config"))

    def __enter__(self) -> Self:
        self.client.open()
        while not self.client.connected:
            self.client.poll(10, 0.1)
        self.suite.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.suite.stop()
        self.client.close()
        self.broker.stop()

    def messages(self) -> Iterator[tuple[float, Message]]:
        """Yield (monotonic seconds, message) as they arrive; raises TimeoutError."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            for arrival in self.client.poll(1000, 0.1):
                if isinstance(arrival, Arrived):
                    now = time.monotonic()
                    self.client.ack(arrival.receipt)
                    kind, _ = self.topics.parse(arrival.topic)
                    yield now, MODELS[kind].model_validate_json(arrival.payload)
            self.suite.watch()
        raise TimeoutError(f"the suite did not finish in {TIMEOUT_S:g} s")

    def processes(self) -> dict[str, int]:
        """Return the processes by name, the broker's among them."""
        found = {name: child.process.pid for name, child in self.suite.children.items() if child.process}
        if self.broker.child is not None:
            found["broker"] = self.broker.child.pid
        return found


def free_port() -> int:
    """Return a port of this machine that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind((broker.HOST, 0))
        return int(probe.getsockname()[1])
