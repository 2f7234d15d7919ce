"""A small house of real processes: agents, a UPS that talks over a real broker, power commands that leave a note."""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from shared.messages import DeviceState, Quality
from shared.mqtt import Arrived, MqttClient, Publication
from shared.suite import SuiteSettings
from tests.support.brokers import Broker
from tests.support.service_process import ServiceProcess
from tests.support.waiting import until

TICK_S = 0.1

# A house where an hour takes a few seconds; slow enough for a machine that is busy.
QUICK: dict[str, Any] = {
    "dry_run": False,
    "hold_s": 0.5,
    "stale_after_s": 2.0,
    "dead_time_s": 4.0,
    "mains_back_s": 1.5,
    "boot_grace_s": 0,
    "delay_s": 3.0,
    "host_sync_s": 5.0,
    "final_delay_s": 0.2,
    "retry_s": 1.0,
}


def python(code: str) -> list[str]:
    """Return a command line that runs ``code``."""
    return [sys.executable, "-c", code]


class Ups:
    """A UPS: says its state ten times a second, as event_processor would, and hears what is said."""

    def __init__(self, suite: SuiteSettings) -> None:
        self.topics = suite.topics
        self.client = MqttClient(suite.broker, "test-ups", [self.topics.everything()], persistent=False)
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self._lock = threading.Lock()
        self._state: dict[str, Any] | None = None
        self._once: list[Publication] = []
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._talk)

    def __enter__(self) -> Ups:
        self.client.open()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._thread.join()
        self.client.close()

    def says(
        self,
        power: str | None = None,
        battery: str = "ok",
        quality: Quality = Quality.GOOD,
        *,
        simulated: bool = False,
    ) -> None:
        """Say this from now on, as read now each time; without ``power`` say nothing."""
        with self._lock:
            said = {"power": power, "battery": battery, "quality": quality, "simulated": simulated}
            self._state = None if power is None else said

    def publish(self, topic: str, content: dict[str, Any], *, retain: bool = True) -> None:
        """Say something else, once."""
        with self._lock:
            self._once.append(Publication(f"upskeep/v1/home/{topic}", json.dumps(content).encode(), retain=retain))

    def of(self, topic: str) -> list[dict[str, Any]]:
        """What was heard on a topic below the site."""
        return [content for where, content in list(self.heard) if where == topic]

    def events(self, service: str = "host_agent") -> list[str]:
        """The types of the events an agent has offered."""
        return [content["type"] for content in self.of(f"ingest/{service}")]

    def _talk(self) -> None:
        last_s = 0.0
        while not self._leave.is_set():
            for arrival in self.client.poll(100, TICK_S / 2):
                if isinstance(arrival, Arrived):
                    self.client.ack(arrival.receipt)
                    if arrival.payload:
                        self.heard.append((arrival.topic.removeprefix("upskeep/v1/home/"), json.loads(arrival.payload)))
            if time.monotonic() - last_s >= TICK_S:
                last_s = time.monotonic()
                self._say()

    def _say(self) -> None:
        with self._lock:
            state, once = self._state, self._once
            self._once = [each for each in once if not self.client.publish(each)]
        if state is not None:
            found = DeviceState(device="ups", time=datetime.now(UTC), values={"battery_voltage": 3.7}, **state)
            payload = found.model_dump_json(exclude_none=True).encode()
            self.client.publish(Publication(found.topic(self.topics), payload, retain=True))


class Agent(ServiceProcess):
    """One host's agent as a process. Its power command notes the time and, as a real one would, stops the agent."""

    def __init__(self, folder: Path, broker: Broker, name: str = "host", **settings: Any) -> None:
        self.folder, self.name = folder / name, name
        super().__init__("host_agent", self.folder / "config", broker.settings.url, self.folder / "log")
        self.note = self.folder / "power_off"
        self.data = self.folder / "data" / ("host_agent" if name == "host" else f"host_agent-{name}")
        self.broker = broker
        off = f"import os, signal, time; open({str(self.note)!r}, 'a').write(f'{{time.time()}}\\n');"
        self.settings = QUICK | {"name": name, "action": {"run": python(off), "timeout_s": 20}} | settings
        if settings.get("goes_down", False):
            del self.settings["goes_down"]
            self.settings["action"]["run"] = python(f"{off} os.kill(os.getppid(), signal.SIGTERM)")
        self.data.mkdir(parents=True)

    def start(self) -> Agent:
        """Start it and wait until it is connected."""
        self.config.mkdir(exist_ok=True)
        (self.config / "suite.yaml").write_text(yaml.safe_dump({"data": str(self.folder / "data")}))
        (self.config / "host_agent.yaml").write_text(yaml.safe_dump(self.settings))
        self.launch()
        return self

    @property
    def offs(self) -> list[float]:
        """When the power command ran."""
        return [float(line) for line in self.note.read_text().splitlines()] if self.note.exists() else []

    def logs(self, text: str) -> None:
        """Wait until it has logged ``text``."""
        try:
            until(lambda: text in self.log, text)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log[-3000:]}") from None

    def goes_off(self) -> None:
        """Wait until its power command has run."""
        try:
            until(lambda: self.offs, "the power command")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log[-3000:]}") from None

    def kept(self, name: str) -> dict[str, Any]:
        """Return a file of its data folder."""
        content: dict[str, Any] = json.loads((self.data / name).read_text())
        return content
