"""Two readers at one site: a UPS each, one broker, one processor, one store. Neither minds the other."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.event_processor.core.device.memory import NOTHING
from services.event_processor.core.process import process_frame
from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from services.sensor_reader.adapters.sources.simulation import Simulation
from services.sensor_reader.core.sources.feed import SourcePosition
from services.sensor_reader.settings import load
from shared.client.client import Client
from shared.messages import Frame
from shared.requests import Command
from shared.suite import SuiteSettings
from tests.support import processes
from tests.support.brokers import EMBEDDED, MOSQUITTO, Broker, free_port
from tests.support.scenarios import CONFIG, SHIPPED
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[3]
SCENARIO, SPEED = "outage", "15"
READERS = {"reader": "ups", "attic": "ups-attic"}  # a reader's name, and that of its simulated UPS


class Site:
    """The services as processes of their own, over one broker and one data folder."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder, self.data = folder, folder / "data"
        self.broker = Broker(kind, free_port(), folder / "broker")
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.data.mkdir()

    def start(self, service: str, reader: str = "") -> None:
        """Start a service, or the reader of a name."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("UPSKEEP_")}
        given = {"UPSKEEP_SUITE__BROKER__URL": self.broker.settings.url, "UPSKEEP_SUITE__DATA": str(self.data),
                 "UPSKEEP_CONFIG": str(CONFIG), "UPSKEEP_SOURCE": f"sim:{SCENARIO}", "UPSKEEP_SPEED": SPEED,
                 "UPSKEEP_SENSOR_READER__SIMULATION__CYCLES": "1"}  # fmt: skip
        if reader:
            given["UPSKEEP_SENSOR_READER__NAME"] = reader
        with (self.folder / f"{reader or service}.log").open("ab") as log:
            command = [sys.executable, "-m", f"services.{service}"]
            self.running[reader or service] = processes.Popen(
                command, cwd=ROOT, env=kept | given, stdout=log, stderr=log
            )

    def says(self, name: str, words: str) -> bool:
        """Whether a process has logged these words."""
        return words in (self.folder / f"{name}.log").read_text()

    def kill(self, name: str) -> None:
        """End one as a power cut would."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def counted(self, device: str) -> Counter[str]:
        """Return what the store has counted of a device, by type."""
        path = self.data / "counter_store" / "ledger.sqlite"
        if not path.exists():
            return Counter()
        with closing(sqlite3.connect(path, timeout=10)) as ledger:
            try:
                return Counter(dict(ledger.execute("SELECT type, count(*) FROM event WHERE device = ? GROUP BY type",
                                                   (device,))))  # fmt: skip
            except sqlite3.OperationalError:
                return Counter()

    def close(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()
        self.broker.stop()


@pytest.fixture(params=[pytest.param(MOSQUITTO, marks=pytest.mark.mosquitto), EMBEDDED])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path, request.param)
    made.broker.start()
    try:
        yield made
    finally:
        made.close()


def expected(device: str) -> Counter[str]:
    """Return what the frames of one playing lead to, by the cores alone."""
    script, memory, types = SCENARIOS[SCENARIO], NOTHING, Counter[str]()
    devices = load(CONFIG, {}).simulated(script.step_s)
    for item in Simulation(script, devices, 1).items(SourcePosition(0, datetime(2026, 1, 1, 12, tzinfo=UTC))):
        if isinstance(item.content, Frame) and item.content.device == "ups":
            outcome = process_frame(SHIPPED, memory, item.content.model_copy(update={"device": device}))
            memory = outcome.memory
            types += Counter(event.type for event in outcome.events)
    return types


def test_both_are_counted_right_and_killing_either_changes_nothing_for_the_other(site: Site) -> None:
    """More than a minute of simulated time each; both are killed once in the middle, one after the other."""
    for service in ("event_processor", "counter_store"):
        site.start(service)
    for reader in READERS:
        site.start("sensor_reader", reader)
    for reader, device in READERS.items():
        until(lambda device=device: sum(site.counted(device).values()) > 0, f"{device} is counted")
        site.kill(reader)
        site.start("sensor_reader", reader)
    for device in READERS.values():
        until(lambda device=device: site.counted(device) == expected(device), f"{device} is counted right")

    assert expected("ups") == expected("ups-attic")
    assert 1 <= site.counted("ups-attic")["AC_POWER_LOSS"]
    assert {"sensor_reader", "sensor_reader-attic"} <= {path.name for path in site.data.iterdir()}


def test_each_has_its_own_status_and_takes_its_own_commands(site: Site) -> None:
    """A command to the one is refused in its own words; the other never hears of it."""
    for reader in READERS:
        site.start("sensor_reader", reader)
    for reader in READERS:
        until(lambda reader=reader: site.says(reader, "connected to"), f"{reader} is there")
    with Client(SuiteSettings(broker=site.broker.settings)) as client:
        for service in ("sensor_reader", "sensor_reader-attic"):
            order = Command(id=f"{service}/1", target=service, name="cut_power", time=datetime.now(UTC), by="ann",
                            data={"device": "ups", "after_s": 60})  # fmt: skip
            result = client.command(order, timeout_s=60)
            assert ("refused", service, True) == (result.status, result.target, "is played" in result.reason)
            assert [] == client.ask(service, "calibrations")["calibrations"]
