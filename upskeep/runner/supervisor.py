"""The suite as child processes of one machine: start, watch over, restart, stop in the order of the flow."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.journal import is_journal, open_output, where
from shared.process import EXIT_CONFIG, EXIT_NAME_IN_USE, EXIT_NEWER_LEDGER
from shared.services import suite_of
from shared.settings import ConfigError, Fault
from upskeep.exit_codes import ExitCode
from upskeep.runner.forks import Forks, ServiceProcess
from upskeep.runner.service_process import service_command

# In the order of the flow: what feeds others starts first and stops first.
SERVICES = suite_of()
HOST_AGENT = "host_agent"  # runs here only where config/host_agent.yaml says enabled
CLIMATE_CONTROLLER, CLIMATE_SUPERVISOR = "climate_controller", "climate_supervisor"  # by config/actuators.yaml
GATEWAY = "gateway"  # runs unless config/gateway.yaml says enabled: false
RESTART_S = (0.2, 1.0, 2.0, 5.0, 15.0, 30.0)
STEADY_S = 60.0
STOP_S = 10.0
LAST_WORDS = 4096


class NewerLedgerError(RuntimeError):
    """A newer Upskeep has written the ledger of a service: no restart of this one helps."""

    exit_code = ExitCode.USAGE


def restart_pause_s(failures: int) -> float:
    """Return how long to wait after so many failures without a steady minute between them, the first being 1."""
    return RESTART_S[min(failures, len(RESTART_S)) - 1]


@dataclass(slots=True)
class Child:
    """One service's process and its restarts."""

    name: str
    process: ServiceProcess | None = None
    started: float = 0.0
    failures: int = 0
    due: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """All services of one machine. ``say`` hears of restarts; without ``forks`` each imports for itself."""

    environ: Mapping[str, str]
    log_folder: Path
    say: Callable[[str], None]
    names: Sequence[str] = SERVICES
    forks: Forks | None = None
    children: dict[str, Child] = field(init=False)

    def __post_init__(self) -> None:
        self.children = {name: Child(name) for name in self.names}

    def start(self) -> None:
        """Start every service."""
        self.log_folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        for child in self.children.values():
            self._start(child)

    @property
    def is_complete(self) -> bool:
        """Whether every service has a process, as of the last look."""
        return all(child.process is not None for child in self.children.values())

    def watch(self) -> None:
        """Start again what has died, after a growing pause; raises ConfigError or NewerLedgerError where none helps."""
        now = time.monotonic()
        for child in self.children.values():
            if child.process is not None and (code := child.process.poll()) is not None:
                if code in (EXIT_CONFIG, EXIT_NAME_IN_USE):
                    raise ConfigError([Fault(child.name, "", self._last_words(child))])
                if code == EXIT_NEWER_LEDGER:
                    raise NewerLedgerError(f"{child.name}: {self._last_words(child)}")
                child.process = None
                child.failures = 1 if now - child.started > STEADY_S else child.failures + 1
                pause = restart_pause_s(child.failures)
                child.due = now + pause
                why = f": {self._last_words(child)}" if code > 0 else ""
                self.say(f"{child.name} ended ({_ending(code)}); it starts again in {pause:g} s{why}")
            if child.process is None and now >= child.due:
                self._start(child)

    def stop(self) -> None:
        """Stop every service in the order of the flow, each after what feeds it."""
        for child in self.children.values():
            process = child.process
            if process is None or process.poll() is not None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.say(f"{child.name} does not stop; killed")
                process.kill()
                process.wait()

    def _log(self, child: Child) -> Path:
        return self.log_folder / f"{child.name}.log"

    def _last_words(self, child: Child) -> str:
        """Return why it says it ended, without the time; what a service cannot go on with is critical."""
        path = self._log(child)
        text = "" if is_journal(os.environ) else path.read_bytes()[-LAST_WORDS:].decode("utf-8", "replace")
        *_, last = text.rstrip().split(f" CRITICAL {child.name}: ")
        return last if last != text.rstrip() else f"see {where(child.name, path, os.environ)}"

    def _start(self, child: Child) -> None:
        child.process = self._forked(child) or self._spawned(child)
        child.started = time.monotonic()

    def _forked(self, child: Child) -> ServiceProcess | None:
        """Return the service's process, forked; None where this cannot be, or not now."""
        if self.forks is None:
            return None
        try:
            return self.forks.start(child.name, {**os.environ, **self.environ}, self._log(child).absolute())
        except OSError:
            return None

    def _spawned(self, child: Child) -> ServiceProcess:
        environ = {**os.environ, **self.environ}
        log = open_output(child.name, self._log(child), environ)
        try:
            return subprocess.Popen(  # noqa: S603 - our own command line
                service_command(child.name),
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the runner alone, which stops them in order
            )
        finally:
            os.close(log)


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
