"""Versions of Upskeep beside this checkout: which came before it, their code, their wheels, how each is started."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.live_suite import command
from tests.support.processes import SAFE_PATH
from upskeep.runner.service_process import service_command

ROOT = Path(__file__).resolve().parents[2]
CUT = r"^## [0-9.]+ \([0-9]"  # a heading of CHANGELOG.md with a date: the commit that wrote it cut a release


@dataclass(frozen=True, slots=True)
class Program:
    """A version as it is started: by a Python, and from where that has its code if nothing is installed."""

    python: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def upskeep(self) -> list[object]:
        """The command ``upskeep``; that of this checkout is one that tests fork."""
        return [*command()] if self == HERE else [self.python, SAFE_PATH, "-m", "upskeep"]

    def service(self, name: str) -> list[object]:
        """One service, in a process of its own."""
        return [self.python, *service_command(name)[1:]]


HERE = Program(Path(sys.executable))  # this checkout


def before() -> str:
    """Return the commit of the last release: the newest tag, else the last commit that dated one; empty if unknown."""
    tag = _git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "HEAD^")
    return tag or _git("log", "-1", "--format=%h", "-G", CUT, "HEAD^", "--", "CHANGELOG.md")


def unpacked(ref: str, folder: Path) -> Path:
    """Put the code of a commit into a folder; raises CalledProcessError where there is no such commit."""
    folder.mkdir(parents=True)
    with subprocess.Popen(["git", "archive", ref], cwd=ROOT, stdout=subprocess.PIPE) as archive:
        subprocess.run(["tar", "-x", "-C", folder], stdin=archive.stdout, check=True)
    return folder


def uninstalled(code: Path) -> Program:
    """Return a version that runs from its code, with the packages that are here."""
    return Program(Path(sys.executable), {"PYTHONPATH": str(code)})


def wheel_of(code: Path, folder: Path) -> Path:
    """Build the wheel of a version."""
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, code], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def installed(place: Path, wheel: Path) -> Program:
    """Install a wheel with what it needs into an environment, in place of a version that is there."""
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    uv = Path(sys.executable).with_name("uv")
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", python, "--reinstall-package", "upskeep", wheel], check=True
    )
    return Program(python)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if not done.returncode else ""
