"""``upskeep run`` as a process of its own: with a data folder, a port and an environment of the test's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support import processes
from tests.support.brokers import free_port

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config"
SERVICES = ("sensor_reader", "event_processor", "counter_store", "alerter")
BROKER_SIGNS = ("mosquitto", "iotcore")
DEADLINE_S = 90.0

APPLIED = "SELECT max(seq) FROM applied"
HEAD = "SELECT max(head) FROM stream"


def command(*arguments: object) -> list[str]:
    """Return the command line of ``upskeep`` as installed beside this Python."""
    return [sys.executable, "-c", "from upskeep.cli import main; main()", *map(str, arguments)]


def upskeep(*arguments: object, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; returns exit code and what it printed."""
    return processes.run(
        command(*arguments),
        check=False,
        env={**_environ(), **(environ or {})},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )


def backtest(*files: Path, out: Path | None = None) -> str:
    """Return what ``upskeep backtest`` prints of the recordings."""
    done = upskeep("backtest", "--config", CONFIG, *files, *(("--out", out) if out else ()))
    assert all(line.endswith(" rows played, none refused") for line in done.stderr.splitlines()), done.stderr
    return done.stdout


def own_config(folder: Path) -> Path:
    """Return a copy of the shipped configuration that a test may change."""
    return shutil.copytree(CONFIG, folder / "config")


def data_folder(folder: Path) -> Path:
    """Return where a run in ``folder`` keeps its data: no plain word of YAML, so it must be handed on with care."""
    return folder / "data of 1 #run"


class Live:
    """A runner and its children."""

    def __init__(
        self,
        folder: Path,
        *options: object,
        broker: str,
        port: int | None = None,
        config: Path = CONFIG,
        environ: Mapping[str, str] | None = None,
        program: Sequence[object] = (),
    ) -> None:
        """``program`` is the command line of another Upskeep than that of this checkout."""
        self.folder = folder
        self.data = data_folder(folder)
        self.port = port or free_port()
        self._out, self._err = folder / "run.out", folder / "run.err"
        place = ("--config", config, "--data", self.data, "--broker", broker, "--port", self.port)
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.runner = processes.Popen(
                [*map(str, (*(program or command()), "run", *place, *options))],
                env={**_environ(), **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=folder,
            )

    # ---- looking

    def until(self, holds: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
        """Wait for a condition while the runner lives; returns what it came to."""
        deadline = time.monotonic() + deadline_s
        while not (found := holds()):
            assert time.monotonic() < deadline, f"{what}: not within {deadline_s} s\n{self.output()}"
            try:
                self.runner.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"{what}: the runner ended before\n{self.output()}")
        return found

    def pid(self, *signs: str) -> int | None:
        """Return the process id of the runner's child whose command line holds one of ``signs``."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and self._is_child(entry) and any(s in _command_line(entry) for s in signs):
                return int(entry.name)
        return None

    def service_pids(self) -> dict[str, int | None]:
        """Return the process id of every service."""
        return {name: self.pid(f"services.{name}") for name in SERVICES}

    def figure(self, service: str, query: str) -> int:
        """Return a number from a service's ledger; 0 as long as there is none."""
        path = self.data / service / "ledger.sqlite"
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as db:
                return db.execute(query).fetchone()[0] or 0
        except sqlite3.OperationalError:
            return 0

    def log(self, service: str) -> str:
        """Return what a service has logged."""
        path = self.data / "log" / f"{service}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def output(self) -> str:
        """Return what the runner said, and the last words of every service."""
        logs = (f"--- {name}\n{self.log(name)[-1500:]}" for name in SERVICES)
        return "\n".join((self._out.read_text(), self._err.read_text(), *logs))

    # ---- acting

    def kill(self, *signs: str) -> None:
        """End a child as a power cut would, and wait until another runs in its place."""
        pid = self.pid(*signs)
        assert pid is not None, f"no child {signs}\n{self.output()}"
        os.kill(pid, signal.SIGKILL)
        self.until(lambda: self.pid(*signs) not in (pid, None), f"{signs} starts again")

    def result(self) -> str:
        """Wait for a run that ends by itself; returns what it printed."""
        try:
            code = self.runner.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the run does not end\n{self.output()}") from None
        assert code == 0, self.output()
        return self._out.read_text(encoding="utf-8")

    def outcome(self) -> Any:
        """Wait for a run that ends by itself; returns its JSON."""
        return json.loads(self.result())

    def stop(self) -> int:
        """Ask it to stop as Ctrl-C does, and wait; returns its exit code."""
        if self.runner.poll() is None:
            self.runner.send_signal(signal.SIGINT)
        return self.runner.wait(DEADLINE_S)

    def _is_child(self, entry: Path) -> bool:
        """Whether it is the runner's child."""
        return _parent(entry) == self.runner.pid


def play(folder: Path, files: Sequence[Path], broker: str, *options: object, **more: Any) -> Live:
    """Play recordings as fast as it goes, to the end."""
    source = "recording:" + ",".join(map(str, files))
    return Live(
        folder, "--source", source, "--speed", "max", "--exit-when-done", "--json", *options, broker=broker, **more
    )


def _environ() -> dict[str, str]:
    """Return this process's environment without the suite's own, and no gateway: its port is one for all."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("UPSKEEP_")}
    return ours | {"UPSKEEP_GATEWAY__ENABLED": "false"}


def _parent(entry: Path) -> int | None:
    try:
        return int(entry.joinpath("stat").read_text().rsplit(")", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _command_line(entry: Path) -> str:
    try:
        return entry.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
