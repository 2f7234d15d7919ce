"""Real processes: a store whose ledger is damaged between two starts, or under its feet, is back and has said so."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.brokers import EMBEDDED, Broker

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 120.0
COUNTED = "SELECT total FROM counter WHERE type = 'system.health.check' AND total = {}"
TOLD = "SELECT data FROM event WHERE type = 'system.ledger.damaged'"
WENT_BACK = "SELECT data FROM event WHERE type = 'system.ledger.went_back'"
EPOCHS = "SELECT count(DISTINCT epoch) FROM event WHERE type = 'system.health.check'"


class House:
    """The processor and the store over one broker; each started as a user starts it."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.data = folder / "data"
        given = {"UPSKEEP_SUITE__DATA": str(self.data), "UPSKEEP_SUITE__BROKER__URL": broker.settings.url}
        self.environ = {**os.environ, **given, "UPSKEEP_CONFIG": str(ROOT / "config")}
        self.running: list[subprocess.Popen[bytes]] = []

    def ledger(self, service: str) -> Path:
        return self.data / service / "ledger.sqlite"

    def start(self, service: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"services.{service}"]
        process = processes.Popen(command, cwd=ROOT, env=self.environ, stderr=subprocess.DEVNULL)
        self.running.append(process)
        return process

    def ask(self, query: str) -> list[str]:
        try:
            with closing(sqlite3.connect(f"file:{self.ledger('counter_store')}?mode=ro", uri=True)) as db:
                return [str(value) for (value,) in db.execute(query)]
        except sqlite3.Error:
            return []

    def until(self, query: str) -> list[str]:
        """Return what the store's ledger answers, once it answers something."""
        deadline = time.monotonic() + DEADLINE_S
        while not (found := self.ask(query)):
            assert time.monotonic() < deadline, f"nothing for {query}"
            time.sleep(0.05)
        return found

    def until_healthy(self, service: str) -> None:
        """Wait until it has subscribed."""
        command = [sys.executable, "-m", f"services.{service}", "--healthy"]
        deadline = time.monotonic() + DEADLINE_S
        while processes.run(command, cwd=ROOT, env=self.environ, check=False, stderr=subprocess.DEVNULL).returncode:
            assert time.monotonic() < deadline, f"{service} does not come up"

    def emit(self, event_type: str) -> None:
        """Offer an event, as a script does."""
        command = [sys.executable, "-c", "from upskeep.cli import main; main()", "emit", event_type]
        options = ["--broker", self.environ["UPSKEEP_SUITE__BROKER__URL"]]
        processes.run(command + options, env=self.environ, cwd=ROOT, check=True, capture_output=True)

    def end(self, process: subprocess.Popen[bytes], service: str) -> Path:
        """Kill a service; returns its ledger."""
        process.kill()
        process.wait()
        return self.ledger(service)


@pytest.fixture
def house(tmp_path: Path, start_broker: Callable[..., Broker]) -> Iterator[House]:
    """Everything started in it is ended."""
    made = House(tmp_path, start_broker(EMBEDDED))
    yield made
    for process in made.running:
        process.kill()
        process.wait()


@pytest.mark.parametrize("service", ["counter_store", "event_processor"])
def test_a_service_starts_over_a_damaged_ledger_and_the_event_is_counted(house: House, service: str) -> None:
    """Whichever service it is: its report goes through the processor to the store."""
    path = house.ledger(service)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"SQLite format 3\0" + b"\0" * 3000)
    for name in ("event_processor", "counter_store"):
        house.start(name)
    (told,) = house.until(TOLD)
    assert f'"service":"{service}"' in told
    assert '"aside":"ledger.sqlite.damaged-2' in told


def test_an_old_copy_of_a_ledger_is_kept_and_goes_on_under_a_new_epoch(house: House) -> None:
    """Numbers that were used already would be used again, and the store would pass over their events."""
    house.start("counter_store")
    processor = house.start("event_processor")
    house.until_healthy("event_processor")
    house.emit("system.health.check")
    house.until(COUNTED.format(1))
    ledger = house.end(processor, "event_processor")
    copy = {file: file.read_bytes() for file in ledger.parent.glob("ledger.sqlite*") if not file.name.endswith("-shm")}
    processor = house.start("event_processor")
    house.emit("system.health.check")
    house.until(COUNTED.format(2))
    house.end(processor, "event_processor")
    for file in ledger.parent.glob("ledger.sqlite*"):
        file.unlink()
    for file, content in copy.items():
        file.write_bytes(content)
    assert ["1"] == house.ask(EPOCHS)
    processor = house.start("event_processor")
    (told,) = house.until(WENT_BACK)
    assert '"service":"event_processor"' in told
    assert '"found":"counter_store has applied event up to ' in told
    house.emit("system.health.check")
    house.until(COUNTED.format(3))
    assert ["2"] == house.ask(EPOCHS)
    assert processor.poll() is None
    assert [] == house.ask(TOLD)
    assert [] == [*ledger.parent.glob("ledger.sqlite.damaged-*"), *ledger.parent.glob("ledger.sqlite.suspect")]
