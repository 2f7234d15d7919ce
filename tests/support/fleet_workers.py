"""Worker processes of the fleet, and a log to feed them by."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Producer

from shared.site_records import SiteRecord, encode

ROOT = Path(__file__).parents[2]
DEADLINE_S = 90.0


def until(holds: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.02)


def write_config(folder: Path, servers: str, topic: str, database: str, more: str = "", session_s: float = 2) -> Path:
    """Write a fleet's configuration: small batches, so that there are many."""
    folder.mkdir(parents=True, exist_ok=True)
    log = f"log: {{servers: '{servers}', topic: {topic}, group: {topic}, session_s: {session_s}}}\n"
    text = f"{log}database: {{url: '{database}'}}\nbatch_records: 50\nbatch_wait_s: 0.05\n{more}"
    (folder / "fleet.yaml").write_text(text, encoding="utf-8")
    return folder


def produce(servers: str, topic: str, records: Iterable[SiteRecord]) -> None:
    """Put records into the log, and wait until it has them."""
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 5, "enable.idempotence": True})
    for record in records:
        key, value = encode(record)
        producer.produce(topic, key=key, value=value)
        producer.poll(0)
    assert producer.flush(DEADLINE_S) == 0


def _environ() -> dict[str, str]:
    """Return this process's environment without settings: they would override those that a test writes."""
    return {name: value for name, value in os.environ.items() if not name.startswith("UPSKEEP_")}


@dataclass
class Workers:
    """The processes of one group, by number."""

    config: Path
    folder: Path
    running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, number: int) -> None:
        """Start a worker."""
        command = [sys.executable, "-m", "upskeep", "fleet", "worker", "--config", str(self.config)]
        command += ["--name", f"w{number}", "--health-file", str(self.health(number))]
        with (self.folder / f"worker{number}.log").open("ab") as out:
            self.running[number] = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env=_environ())

    def health(self, number: int) -> Path:
        """Return where a worker says that it works."""
        return self.folder / f"worker{number}.healthy"

    def kill(self, number: int) -> None:
        """End a worker as a power cut would."""
        process = self.running.pop(number)
        process.kill()
        process.wait()

    def terminate(self, number: int) -> int:
        """Ask a worker to stop; returns its exit code."""
        process = self.running.pop(number)
        process.terminate()
        return process.wait(DEADLINE_S)

    def said(self, number: int) -> str:
        """Return what a worker has logged."""
        return (self.folder / f"worker{number}.log").read_text(encoding="utf-8")

    def stop(self) -> None:
        """End all."""
        for number in [*self.running]:
            self.kill(number)
