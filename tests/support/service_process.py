"""A service as a real process at a real broker: started, looked at by its log, killed, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support import processes
from tests.support.waiting import DEADLINE_S, until

ROOT = Path(__file__).parents[2]


class ServiceProcess:
    """One service; ``config`` is its folder of settings, ``log_path`` the file that its words go to."""

    def __init__(self, service: str, config: Path, url: str, log_path: Path) -> None:
        self.service, self.config, self.url, self.log_path = service, config, url, log_path
        self.environ: Mapping[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start it, and wait until it is connected."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("UPSKEEP_")}
        own = {"UPSKEEP_CONFIG": str(self.config), "UPSKEEP_SUITE__BROKER__URL": self.url}
        environ = {**kept, **own, **self.environ}
        before = self.log.count(" connected to ")
        with self.log_path.open("ab") as log:
            command = [sys.executable, "-m", f"services.{self.service}"]
            self.process = processes.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
        until(lambda: self.log.count(" connected to ") > before or not self.alive, f"{self.service} connects")
        assert self.alive, self.log

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> str:
        """What it has logged."""
        return self.log_path.read_text() if self.log_path.exists() else ""

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, if it runs, also one that was stopped for a while."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            self.process.wait(DEADLINE_S)
