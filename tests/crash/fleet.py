"""The live suite as the harness runs it: every process its own, started again at once when it is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.hostile.rights import login_environ
from tests.support import processes
from tests.support.brokers import Broker
from upskeep.runner.supervisor import SERVICES


@dataclass
class Fleet:
    """Services and broker. ``kills`` and ``broker_kills`` count what was done to them."""

    broker: Broker
    environ: dict[str, str]
    folder: Path
    secrets: Path | None = None  # of the passwords, where each service has a user of its own
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: int = 0
    broker_kills: int = 0
    deaths: list[str] = field(default_factory=list)
    names: tuple[str, ...] = SERVICES

    def start(self) -> None:
        """Start everything."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.broker.start()
        for name in self.names:
            self._start(name)

    def kill(self, name: str) -> None:
        """SIGKILL a service, and start it again."""
        child = self.children[name]
        child.kill()
        child.wait()
        self.kills += 1
        self._start(name)

    def end(self, name: str) -> None:
        """SIGKILL a service, and leave it dead."""
        child = self.children.pop(name)
        child.kill()
        child.wait()
        self.kills += 1

    def begin(self, name: str) -> None:
        """Start a service that was left dead."""
        self._start(name)

    def kill_broker(self) -> None:
        """SIGKILL the broker, and start it again."""
        self.broker.kill()
        self.kills += 1
        self.broker_kills += 1
        self.broker.start()

    def hurry(self) -> None:
        """Kill the reader once more, and let it play what is left of the load as fast as it is taken."""
        self.environ["UPSKEEP_SPEED"] = "max"
        self.kill("sensor_reader")

    def freeze(self, name: str) -> None:
        """Stop a process where it is."""
        self.children[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let it go on."""
        self.children[name].send_signal(signal.SIGCONT)

    def watch(self) -> None:
        """Start again what ended without being killed; that is a fault and is kept for the verdict."""
        for name, child in self.children.items():
            if (code := child.poll()) is not None:
                self.deaths.append(f"{name} ended by itself with {code}")
                self._start(name)

    def stop(self) -> None:
        """End everything."""
        for child in self.children.values():
            child.send_signal(signal.SIGCONT)
            child.terminate()
        for child in self.children.values():
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.broker.stop()

    def memory_mb(self, what: str = "VmHWM") -> dict[str, float]:
        """Return the most memory each service has had so far; with ``VmRSS`` what it has now."""
        found = {}
        for name, child in self.children.items():
            with contextlib.suppress(OSError, StopIteration):
                lines = Path(f"/proc/{child.pid}/status").read_text(encoding="utf-8").splitlines()
                figure = next(line for line in lines if line.startswith(what))
                found[name] = int(figure.split()[1]) / 1024
        return found

    def _login(self, name: str) -> dict[str, str]:
        return login_environ(self.secrets, name) if self.secrets else {}

    def _start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.children[name] = processes.Popen(
                [sys.executable, "-m", f"services.{name}"],
                env={**os.environ, **self.environ, **self._login(name)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
