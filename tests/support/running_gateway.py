"""The gateway as a process of its own at a broker of the test's, asked over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3

from tests.support import processes
from tests.support.mqtt_probe import MqttProbe

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 90.0


class RunningGateway:
    """One process; ``url`` is where it serves, by its own life sign."""

    def __init__(self, folder: Path, broker_port: int, environ: Mapping[str, str] | None = None) -> None:
        self._log = folder / "gateway.log"
        self._http = urllib3.PoolManager(retries=False, timeout=DEADLINE_S)
        ours = {name: value for name, value in os.environ.items() if not name.startswith("UPSKEEP_")}
        given = {
            "UPSKEEP_CONFIG": str(ROOT / "config"),
            "UPSKEEP_SUITE__DATA": str(folder / "data"),
            "UPSKEEP_SUITE__BROKER__URL": f"mqtt://127.0.0.1:{broker_port}",
            "UPSKEEP_GATEWAY__HTTP__PORT": "0",
        }
        with self._log.open("wb") as log:
            self.process = processes.Popen(
                [sys.executable, "-P", "-m", "services.gateway"],
                env={**ours, **given, **(environ or {})},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        self.url = ""

    def log(self) -> str:
        """Return what it has logged."""
        return self._log.read_text(encoding="utf-8")

    def get(self, path: str, **how: Any) -> urllib3.BaseHTTPResponse:
        """Ask for a path; no redirect is followed."""
        return self.ask("GET", path, **how)

    def ask(self, method: str, path: str, **how: Any) -> urllib3.BaseHTTPResponse:
        """Send a request; no redirect is followed."""
        return self._http.request(method, self.url.rstrip("/") + path, redirect=False, **how)

    def until(self, holds: Callable[[], Any], what: str) -> Any:
        """Wait for a condition while the process lives; returns what it came to."""
        deadline = time.monotonic() + DEADLINE_S
        while not (found := holds()):
            assert self.process.poll() is None, f"{what}: the gateway ended\n{self.log()}"
            assert time.monotonic() < deadline, f"{what}: not within {DEADLINE_S} s\n{self.log()}"
            try:
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
        return found

    def stop(self) -> int:
        """Ask it to stop, and wait; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(DEADLINE_S)
        finally:
            self.process.kill()
            self._http.clear()


@contextmanager
def gateway_at(
    probe: MqttProbe, folder: Path, broker_port: int, environ: Mapping[str, str] | None = None
) -> Iterator[RunningGateway]:
    """Start a gateway and wait until it serves; it is stopped in the end, cleanly."""
    gateway = RunningGateway(folder, broker_port, environ)
    try:
        gateway.url = probe.until(
            lambda: probe.last("status", "gateway").get("figures", {}).get("address"), "the gateway serves"
        )
        yield gateway
    except AssertionError as error:
        raise AssertionError(f"{error}\n{gateway.log()}") from error
    finally:
        code = gateway.stop()
    assert code == 0, gateway.log()
