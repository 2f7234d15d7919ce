"""Controller and supervisor as real processes at a real broker, with simulated actuators and a sensor of the test's."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from shared.actuation import Outgoing
from shared.climate.simulated_actuator import SimulatedActuator
from shared.messages import Alert, DeviceState, Message, Quality, Status, StreamEnds
from shared.mqtt import Arrived, MqttClient, Publication
from shared.suite import BrokerSettings, SuiteSettings
from tests.support.live_suite import CONFIG
from tests.support.service_process import ServiceProcess

LEASE_S = 6.0
ACTUATORS: dict[str, Any] = {
    "heater": {"zone": "tent", "kind": "heater", "min_on_s": 0, "min_off_s": 0},
    "fan": {"zone": "tent", "kind": "exhaust", "steps": 10, "safe": 0.3, "min_off_s": 0},
    "gas": {"zone": "tent", "kind": "co2", "min_off_s": 0},
}
SAFE = {"heater": 0.0, "fan": 0.3, "gas": 0.0}  # where a simulated actuator is when its lease has lapsed


class House:
    """The simulated actuators, the sensor's voice, and an ear for everything, on one thread."""

    def __init__(self, suite: SuiteSettings) -> None:
        self.topics = suite.topics
        self.devices = {name: SimulatedActuator(name) for name in ACTUATORS}
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.celsius: float | None = 22.0
        self.client = MqttClient(suite.broker, "house", [self.topics.everything(), "sim/#"], persistent=False)
        self._once: list[Publication] = []
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._live)

    def __enter__(self) -> House:
        self.client.open()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._thread.join()
        self.client.close()

    @property
    def levels(self) -> dict[str, float]:
        """Where each actuator really is."""
        return {name: device.level for name, device in self.devices.items()}

    def publish(self, message: Message, *, retain: bool = False) -> None:
        """Publish a message of the suite, once."""
        payload = message.model_dump_json(exclude_none=True).encode()
        self._once.append(Publication(message.topic(self.topics), payload, retain=retain))

    def order(self, target: str, name: str, identity: str, **data: Any) -> None:
        """Send a command as an operator does."""
        command = {"id": identity, "target": target, "name": name, "by": "anna", "data": data}
        topic = self.topics.build("command", target, name)
        self._once.append(Publication(topic, json.dumps(command).encode()))

    def of(self, kind: str, *parts: str) -> list[dict[str, Any]]:
        """Return what was published on a topic, oldest first."""
        topic = self.topics.build(kind, *parts)
        return [content for where, content in list(self.heard) if where == topic]

    def offered(self, service: str) -> list[dict[str, Any]]:
        """Return the events that a service has offered, each id once, oldest first."""
        prefix = self.topics.every("offer").removesuffix("#")
        heard = [event for topic, event in list(self.heard) if topic.startswith(prefix)]
        return list({event["id"]: event for event in heard if event["producer"] == service}.values())

    def _live(self) -> None:
        spoken_s = 0.0
        while not self._leave.is_set():
            for arrival in self.client.poll(100, 0.05):
                if isinstance(arrival, Arrived):
                    self.client.ack(arrival.receipt)
                    self._take(arrival)
            now_s = time.monotonic()
            for name, device in self.devices.items():
                self.devices[name], said = device.tick(now_s)
                self._say(said)
            if now_s - spoken_s >= 0.5:
                spoken_s = now_s
                self._speak()
            self._once = [each for each in self._once if not self.client.publish(each)]

    def _take(self, arrival: Arrived) -> None:
        for name, device in self.devices.items():
            self.devices[name], said = device.receive(arrival.topic, arrival.payload, time.monotonic())
            self._say(said)
        if arrival.payload.startswith(b"{"):
            with suppress(ValueError):
                self.heard.append((arrival.topic, json.loads(arrival.payload)))

    def _speak(self) -> None:
        """The sensor's newest state, and every actuator's: they report of their own accord."""
        if self.celsius is not None:
            wobble = 0.01 * (int(time.monotonic() * 2) % 7)
            values = {"air_temperature": self.celsius + wobble, "relative_humidity": 60.0 + wobble, "co2": 500 + wobble}
            state = DeviceState(device="air", time=datetime.now(UTC), quality=Quality.GOOD, values=values)
            self.client.publish(
                Publication(state.topic(self.topics), state.model_dump_json(exclude_none=True).encode(), retain=True)
            )
        for device in self.devices.values():
            self._say((device.report(),))
        ends = {"event": StreamEnds(floor=1, head=0)}
        online = Status(service="event_processor", state="online", epoch="e1", time=datetime.now(UTC), streams=ends)
        payload = online.model_dump_json(exclude_none=True).encode()
        self.client.publish(Publication(online.topic(self.topics), payload, retain=True))

    def _say(self, said: tuple[Outgoing, ...]) -> None:
        for outgoing in said:
            self.client.publish(Publication(outgoing.topic, outgoing.payload))


class Process(ServiceProcess):
    """One of the two services."""

    def __init__(self, name: str, folder: Path, broker: BrokerSettings) -> None:
        super().__init__(name, folder / "config", broker.url, folder / f"{name}.log")
        self.name, self.folder, self.broker = name, folder, broker

    def start(self) -> Process:
        """Start it, and wait until it is connected."""
        self.launch()
        return self


def configure(folder: Path, **delivery: int) -> None:
    """Write a configuration of one zone, whose actuators are simulated and whose ticks are short."""
    config = folder / "config"
    config.mkdir(parents=True)
    shipped = yaml.safe_load((CONFIG / "actuators.yaml").read_text())
    more = {"template": "simulated", "lease_s": LEASE_S, "confirmed_within_s": 5, "acknowledged_within_s": 4}
    sensors = {name: [{"device": "air"}] for name in ("temperature", "humidity", "co2")}
    actuators = {
        **shipped, "enabled": True, "armed": True, "tick_s": 1,
        "zones": {"tent": {"sensors": sensors, "max_age_s": 5, "temperature": {"low": 5, "high": 35}}},
        "actuators": {name: settings | more for name, settings in ACTUATORS.items()},
    }  # fmt: skip
    named = [
        {"name": name, "kind": settings["kind"], "steps": settings.get("steps", 1)}
        for name, settings in ACTUATORS.items()
    ]
    zone = {"sensor": "air", "mode": "Manual", "target_kpa": 1.0, "tick_s": 1, "actuators": named}
    (config / "actuators.yaml").write_text(yaml.safe_dump(actuators))
    (config / "climate.yaml").write_text(yaml.safe_dump({"plans": {}, "zones": {"tent": zone}}))
    (config / "suite.yaml").write_text(yaml.safe_dump({"data": str(folder / "data"), "delivery": delivery}))


def stop_alert(state: str, message: str = "tent: stopped, because device_failure_burst fires") -> Alert:
    """Return the alerter's emergency stop of the tent, as it is retained."""
    now = datetime.now(UTC)
    return Alert.model_validate(
        {
            "rule": "emergency_stop", "key": "tent", "state": state, "severity": "critical", "since": now, "time": now,
            "value": 1.0, "threshold": 0.0, "window_s": 0.0, "reason": "stopped", "message": message,
            "labels": {"zone": "tent"},
        }
    )  # fmt: skip
