"""A new service that consumes events: its own folder, a row of kinds, a row of services, and nothing else."""

from __future__ import annotations

import difflib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import Require
from tests.support.brokers import MOSQUITTO, Broker, free_port
from tests.support.mqtt_probe import MqttProbe

pytestmark = pytest.mark.mosquitto
ROOT = Path(__file__).resolve().parents[3]
TOY = ROOT / "tests" / "support" / "toy_service"
CODE = ("shared", "services", "upskeep", "tools", "config", "grafana")
ROWS = {  # the file: the line as it is, and as the author of the service writes it
    "shared/kinds.py": (
        ' consumers=("counter_store", "alerter", "uplink"), sequenced=True),',
        ' consumers=("counter_store", "alerter", "uplink", "event_journal"), sequenced=True),',
    ),
    "shared/services.py": (
        ")\nREADER = ",
        '    ServiceRow("event_journal", answers=False),\n)\nREADER = ',
    ),
}
FLOW = ("sensor_reader", "event_processor", "counter_store", "alerter")
DEADLINE_S = 90.0
EVENTS = 30  # half of what ten outages make


@dataclass
class House:
    """A copy of the code with the toy in it, a broker, and services as processes."""

    tree: Path
    data: Path
    broker: Broker
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def python(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start Python on the copied code."""
        environ = {
            **os.environ,
            "PYTHONPATH": str(self.tree),
            "UPSKEEP_CONFIG": str(self.tree / "config"),
            "UPSKEEP_SUITE__BROKER__URL": self.broker.settings.url,
            "UPSKEEP_SUITE__DATA": str(self.data),
            "UPSKEEP_SOURCE": "sim:outage",
            "UPSKEEP_SPEED": "max",
            "UPSKEEP_SENSOR_READER__SIMULATION__CYCLES": "10",
        }
        with (self.data / "log").open("ab") as log:
            return subprocess.Popen([sys.executable, *arguments], env=environ, cwd=self.tree, stdout=log, stderr=log)

    def start(self, *names: str) -> None:
        for name in names:
            self.processes[name] = self.python("-m", f"services.{name}")

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def rows(self, service: str, question: str) -> list[tuple[int, ...]]:
        """Return what a service's ledger answers, nothing while it is not there yet."""
        path = self.data / service / "ledger.sqlite"
        if not path.exists():
            return []
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as ledger:
                return ledger.execute(question).fetchall()
        except sqlite3.OperationalError:
            return []

    def number(self, service: str, question: str) -> int:
        return next((row[0] or 0 for row in self.rows(service, question)), 0)

    def until(self, holds: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, f"{what}: not in time\n{(self.data / 'log').read_text()[-3000:]}"
            time.sleep(0.05)


@pytest.fixture
def house(tmp_path: Path, require: Require) -> Iterator[House]:
    require.program("mosquitto")
    tree, data = tmp_path / "tree", tmp_path / "data"
    for folder in CODE:
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("docs", "mosquitto", "deploy"):
        (tree / folder).mkdir()
    shutil.copy(ROOT / "docker-compose.yml", tree)
    data.mkdir()
    broker = Broker(MOSQUITTO, free_port(), tmp_path / "broker")
    broker.start()
    house = House(tree, data, broker)
    yield house
    for process in house.processes.values():
        process.kill()
        process.wait()
    broker.stop()


def add_the_service(tree: Path) -> None:
    """Do what the author of a new service does."""
    shutil.copytree(TOY, tree / "services" / "event_journal", ignore=shutil.ignore_patterns("__pycache__"))
    for name, (before, after) in ROWS.items():
        path = tree / name
        text = path.read_text()
        assert 1 == text.count(before), f"{name}: {before}"
        path.write_text(text.replace(before, after))
        changed = difflib.ndiff(text.splitlines(), path.read_text().splitlines())
        assert 1 == sum(line.startswith("+ ") for line in changed)


def test_a_service_needs_its_folder_and_two_rows_and_then_counts_events_exactly_once(house: House) -> None:
    """Its producer waits for it though it starts last. It applies each event once though it is killed on the way."""
    add_the_service(house.tree)
    head = "SELECT head FROM stream WHERE name = 'event'"
    first = "SELECT min(seq) FROM outbox WHERE stream = 'event'"
    applied = "SELECT max(seq) FROM applied WHERE stream = 'event'"
    house.start(*FLOW)
    for consumer in ("counter_store", "alerter"):
        house.until(lambda consumer=consumer: house.number(consumer, applied) >= EVENTS, f"{consumer} has applied many")
    assert 1 == house.number("event_processor", first)

    house.start("event_journal")
    house.until(lambda: house.rows("event_journal", "SELECT seq FROM journal"), "it has begun")
    house.kill("event_journal")
    house.start("event_journal")
    house.until(lambda: house.number("event_journal", applied) == house.number("event_processor", head), "it has all")
    with MqttProbe(house.broker.port) as operator:

        def let_go() -> bool:
            operator.publish(
                "upskeep/v1/home/ingest/test", b'{"type": "device.error"}'
            )  # a new row makes room for itself
            return house.number("event_processor", first) > EVENTS

        house.until(let_go, "the producer lets go of what all have")

    def journal() -> list[int]:
        return [seq for (seq,) in house.rows("event_journal", "SELECT seq FROM journal ORDER BY place")]

    def whole() -> bool:
        """What the operator said last may still be on its way, so the head is read anew each time."""
        had = journal()
        assert list(range(1, len(had) + 1)) == had
        return house.number("event_processor", head) == len(had)

    house.until(whole, "it has each event once")


def test_the_rows_alone_give_the_service_its_rights_its_place_and_its_page(house: House) -> None:
    """The generated ACL and pages, and the order in which the suite starts."""
    add_the_service(house.tree)
    assert 0 == house.python("-m", "tools.docs").wait(DEADLINE_S), (house.data / "log").read_text()
    acl = (house.tree / "mosquitto" / "acl").read_text()
    assert "\nuser event_journal\n" in acl
    mine = acl.partition("\nuser event_journal\n")[2].partition("\n\n")[0].splitlines()
    assert "topic write upskeep/v1/+/wire/event_journal/checkpoint/+" in mine
    assert "topic read  upskeep/v1/+/wire/+/stream/event" in mine
    assert "event_journal" in (house.tree / "docs" / "topics.md").read_text()
    show = "from upskeep.runner.supervisor import SERVICES; import sys; sys.exit(SERVICES[-1] != 'event_journal')"
    assert 0 == house.python("-c", show).wait(DEADLINE_S)
