"""Thousands of offers at once, each of which leads to another: through real brokers and the whole suite."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.mqtt import Arrived, MqttClient, Publication
from shared.suite import BrokerSettings
from tests.support.brokers import EMBEDDED, MOSQUITTO
from tests.support.live_suite import Live
from tests.support.mqtt_probe import TOPICS

OFFERS = {MOSQUITTO: 10_000, EMBEDDED: 2_500}
DEADLINE_S = 400.0
TRIGGER = TOPICS.build("trigger", "thermal_protection")
COUNTED = "SELECT sum(total) FROM counter WHERE type = '{}'"


class Automation:
    """Offers a burst, and answers each trigger with an event that names its cause, as a user's script would."""

    def __init__(self, client: MqttClient) -> None:
        self.client = client
        self.answered: set[str] = set()
        self.waiting: list[Publication] = []

    def offer(self, content: dict[str, Any]) -> None:
        """Have an event published as soon as there is room."""
        self.waiting.append(Publication(TOPICS.build("ingest", "burst"), json.dumps(content).encode()))

    def work(self) -> None:
        """Publish what there is room for, and take what has arrived."""
        while self.waiting and self.client.publish(self.waiting[-1]):
            self.waiting.pop()
        for arrival in self.client.poll(1000, 0.02):
            if isinstance(arrival, Arrived):
                self.client.ack(arrival.receipt)
                self._answer(json.loads(arrival.payload))

    def _answer(self, trigger: dict[str, Any]) -> None:
        if trigger["event"] not in self.answered:
            self.answered.add(trigger["event"])
            metadata = {"caused_by": trigger["event"]}
            self.offer({"type": "THERMAL_CLEARED", "id": trigger["event"], "device": "rack", "metadata": metadata})


@contextmanager
def automation(port: int) -> Iterator[Automation]:
    client = MqttClient(BrokerSettings(url=f"mqtt://127.0.0.1:{port}"), "burst", [TRIGGER], persistent=False)
    client.open()
    try:
        yield Automation(client)
    finally:
        client.close()


def test_a_burst_of_offers_and_what_they_lead_to_are_each_counted_once(live, broker_kind: str):
    """No process ends or stands still, and none holds the burst in its memory."""
    run: Live = live(Live, "--source", "sim:outage", broker=broker_kind)
    run.until(lambda: run.figure("alerter", "SELECT count(*) FROM applied"), "the suite is at work")
    before, memory_mb = run.service_pids(), resident(run)
    offers = OFFERS[broker_kind]

    with automation(run.port) as script:
        for number in range(offers):
            script.offer({"type": "TEMPERATURE_HIGH", "id": str(number), "device": "rack", "data": {"value": 71}})
        deadline = time.monotonic() + DEADLINE_S
        while len(script.answered) < offers or counts(run) != (offers, offers):
            assert time.monotonic() < deadline, (
                f"counted {counts(run)}, answered {len(script.answered)}\n{run.output()}"
            )
            script.work()

    assert before == run.service_pids()
    assert offers == run.figure("counter_store", "SELECT count(*) FROM event WHERE type = 'TEMPERATURE_HIGH'")
    assert [name for name, used in resident(run).items() if used > memory_mb[name] + 60] == []


def counts(run: Live) -> tuple[int, ...]:
    """Return how many of the two types are counted."""
    return tuple(run.figure("counter_store", COUNTED.format(name)) for name in ("TEMPERATURE_HIGH", "THERMAL_CLEARED"))


def resident(run: Live) -> dict[str, float]:
    """Return the memory of each service in MB."""
    found = {}
    for name, pid in run.service_pids().items():
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        found[name] = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
    return found
