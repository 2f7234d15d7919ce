"""Receivers that a test starts and kills."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.brokers import free_port
from tests.support.http_receiver import HOST

DEADLINE_S = 120.0


@dataclass
class Receiving:
    """A receiver: down until it is started, at the same place whenever it is."""

    kind: str
    port: int
    file: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [
            sys.executable,
            "-m",
            "tests.support.http_receiver",
            self.kind,
            str(self.port),
            str(self.file),
        ]
        self.process = subprocess.Popen(command)
        deadline = time.monotonic() + DEADLINE_S
        while True:
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            assert self.process.poll() is None
            assert time.monotonic() < deadline

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def took(self) -> list[dict[str, Any]]:
        """Return what it took, in order."""
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def ids(self) -> list[str]:
        """Return the notices' ids, in the order in which they were taken."""
        header = {"http": "idempotency-key", "smtp": "X-Upskeep-Notice"}[self.kind]
        return [row["headers"][header] for row in self.took()]

    def until(self, number: int) -> list[dict[str, Any]]:
        """Wait until it has taken so many; return them."""
        deadline = time.monotonic() + DEADLINE_S
        while len(took := self.took()) < number:
            assert time.monotonic() < deadline, f"{len(took)} of {number}"
            time.sleep(0.01)
        return took


@pytest.fixture
def receiving(tmp_path: Path) -> Iterator[Callable[[str], Receiving]]:
    """Return a function that makes a receiver of a kind, http or smtp; all are killed at the end."""
    made: list[Receiving] = []

    def make(kind: str) -> Receiving:
        made.append(Receiving(kind, free_port(), tmp_path / f"{kind}{len(made)}.jsonl"))
        return made[-1]

    yield make
    for each in made:
        each.kill()
