"""What installing and uninstalling come to: a list of steps that can be shown, and done one after another."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.places import SYSTEM_CONFIG, SYSTEM_DATA
from upskeep.service.units import AGENT, SUITE, TIMER, UNITS, polkit_rule, unit_text

UNIT_FOLDER = Path("/etc/systemd/system")
RULE = Path("/etc/polkit-1/rules.d/50-upskeep-host-agent.rules")
BACKUPS = Path("/var/backups/upskeep")
USER = "upskeep"
GROUPS = ("i2c", "gpio")
LONGEST_S = 180


class StepError(RuntimeError):
    """A step failed; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Run:
    """A command; ``or_else`` a failure of it is nothing to stop for."""

    command: tuple[str, ...]
    or_else: bool = False

    def __str__(self) -> str:
        return shlex.join(self.command)

    def do(self) -> None:
        """Run it; raises StepError."""
        try:
            done = subprocess.run(self.command, capture_output=True, text=True, timeout=LONGEST_S, check=False)  # noqa: S603 - our own commands
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StepError(f"{self}: {error}") from None
        if done.returncode and not self.or_else:
            raise StepError(f"{self}: {(done.stderr or done.stdout).strip() or f'exit code {done.returncode}'}")


@dataclass(frozen=True, slots=True)
class Put:
    """A file with this text."""

    path: Path
    text: str

    def __str__(self) -> str:
        return f"write {self.path}"

    def do(self) -> None:
        """Write it; raises StepError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(self.text, encoding="utf-8")
            self.path.chmod(0o644)
        except OSError as error:
            raise StepError(f"{self}: {error.strerror or error}") from None


@dataclass(frozen=True, slots=True)
class Remove:
    """A file that goes, if it is there."""

    path: Path

    def __str__(self) -> str:
        return f"remove {self.path}"

    def do(self) -> None:
        """Remove it; raises StepError."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise StepError(f"{self}: {error.strerror or error}") from None


Step = Run | Put | Remove


def install(programs: Path, *, agent: bool, backup: bool, start: bool, users: Sequence[str]) -> Iterator[Step]:
    """Yield what makes a service of the suite; ``users`` are those that the machine knows already."""
    for group in GROUPS:
        yield Run(("groupadd", "--system", "--force", group))
    if USER not in users:
        home = ("--home-dir", str(SYSTEM_DATA), "--no-create-home")
        yield Run(("useradd", "--system", "--user-group", *home, "--shell", "/usr/sbin/nologin", USER))
    yield Run(("install", "-d", "-m", "0755", str(SYSTEM_CONFIG)))
    for folder, mode in ((SYSTEM_DATA, "0750"), (BACKUPS, "0700")):
        yield Run(("install", "-d", "-m", mode, "-o", USER, "-g", USER, str(folder)))
    for name in UNITS:
        yield Put(UNIT_FOLDER / name, unit_text(name, programs))
    yield Put(RULE, polkit_rule())
    yield Run(("systemctl", "daemon-reload"))
    wanted = [SUITE, *([TIMER] if backup else []), *([AGENT] if agent else [])]
    yield Run(("systemctl", "enable", *wanted))
    if start:
        yield Run(("systemctl", "restart", *wanted))


def uninstall() -> Iterator[Step]:
    """Yield what takes the service away again. Configuration, data, backups and the user stay."""
    yield Run(("systemctl", "disable", "--now", TIMER, AGENT, SUITE), or_else=True)
    for name in UNITS:
        yield Remove(UNIT_FOLDER / name)
    yield Remove(RULE)
    yield Run(("systemctl", "daemon-reload"))


def is_systemds() -> bool:
    """Whether systemd runs this machine."""
    return shutil.which("systemctl") is not None and Path("/run/systemd/system").is_dir()
