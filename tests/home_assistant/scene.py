"""What the journey plays on: a broker, Home Assistant at it, and a suite that can be started anew."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.topics import Topics
from tests.home_assistant.entities import differences
from tests.home_assistant.example import HOUSE, automations
from tests.home_assistant.instance import HomeAssistant
from tests.support.brokers import MOSQUITTO, Broker, free_port
from tests.support.live_suite import Live
from tests.support.mqtt_probe import MqttProbe

DISCOVERED = Topics("homeassistant", "device")  # its `everything` is homeassistant/device/#
OPEN = "allow_anonymous true\npersistence false\nmax_inflight_messages 200\nmax_queued_messages 100000\n"
GATEWAY = {
    "UPSKEEP_GATEWAY__ENABLED": "true",
    "UPSKEEP_GATEWAY__HTTP__PORT": "0",
    "UPSKEEP_GATEWAY__HOME_ASSISTANT__DISCOVERY": "true",
    "UPSKEEP_GATEWAY__HOME_ASSISTANT__SETTLE_S": "1",
}


@dataclass
class Scene:
    """``suite`` hears and speaks the suite's topics, ``discovered`` those of discovery."""

    folder: Path
    home: HomeAssistant
    broker: Broker
    suite: MqttProbe
    discovered: MqttProbe
    heard: Path

    @contextmanager
    def running(self, source: str, speed: str) -> Iterator[Live]:
        """Run the suite, with all that an earlier run has left."""
        url = f"mqtt://127.0.0.1:{self.broker.port}"
        live = Live(self.folder, "--source", source, "--speed", speed, broker=url, environ=GATEWAY)
        try:
            yield live
        finally:
            live.stop()

    def automate(self) -> None:
        """Give Home Assistant the page's automations, as its editor of files does."""
        (self.home.folder / "automations.yaml").write_text(automations(wait="00:00:02"), encoding="utf-8")
        self.home.post("/api/services/automation/reload", {})

    def phone(self) -> list[dict[str, str]]:
        """Return what the phone was sent."""
        lines = self.heard.read_text(encoding="utf-8").splitlines() if self.heard.exists() else []
        return [json.loads(line)["body"] for line in lines]

    def configurations(self) -> dict[str, Any]:
        """Return what the broker holds for Home Assistant."""
        self.discovered.poll()
        return {topic: json.loads(said[-1]) for topic, said in self.discovered.seen.items() if said[-1]}

    def until(self, holds: Callable[[], Any], what: str, deadline_s: float = 180.0) -> Any:
        """Wait for a condition, hearing what the suite says meanwhile."""

        def heard() -> Any:
            self.suite.poll(0.01)
            return holds()

        return self.home.until(heard, what, deadline_s)

    def until_alike(self, deadline_s: float = 90.0) -> int:
        """Wait until Home Assistant has what discovery says, no more and no less; returns how many entities that is."""
        last: list[str] = []

        def alike() -> bool:
            last[:] = differences(self.configurations(), self.home)
            return not last

        try:
            self.until(alike, "as discovery says", deadline_s)
        except AssertionError:
            raise AssertionError("\n".join(last)) from None
        return sum(len(one) > 1 for config in self.configurations().values() for one in config["components"].values())


@contextmanager
def scene(python: Path, folder: Path) -> Iterator[Scene]:
    """Set all of it up, and stop it in the end."""
    with ExitStack() as stack:
        broker = Broker(MOSQUITTO, free_port(), folder / "broker", OPEN)
        broker.start()
        stack.callback(broker.stop)
        port, heard = free_port(), folder / "phone.jsonl"
        phone = [sys.executable, "-m", "tests.support.http_receiver", "http", str(port), str(heard)]
        stack.callback(subprocess.Popen(phone).terminate)
        home = HomeAssistant(python, folder / "home-assistant", free_port())
        home.prepare(HOUSE.format(phone=f"http://127.0.0.1:{port}/"))
        home.start()
        stack.callback(home.stop)
        suite = stack.enter_context(MqttProbe(broker.port))
        discovered = stack.enter_context(MqttProbe(broker.port, DISCOVERED))
        yield Scene(folder, home, broker, suite, discovered, heard)
