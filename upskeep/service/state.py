"""The state of the suite's units, by systemd."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from upskeep.service.units import SUITE, UNITS

ASKED = ("Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "StatusText", "NRestarts")


@dataclass(frozen=True, slots=True)
class UnitState:
    """One unit."""

    name: str
    installed: bool
    active: str
    at_boot: bool
    says: str
    restarts: int = 0

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to look after: the suite must run, the others must not have failed."""
        return self.active != "failed" and (self.name != SUITE or self.active == "active")

    def __str__(self) -> str:
        if not self.installed:
            return f"{self.name:<28}not installed"
        boot = "at boot" if self.at_boot else "not at boot"
        again = f", restarted {self.restarts} times" if self.restarts else ""
        return f"{self.name:<28}{self.active:<10}{boot:<13}{self.says}{again}".rstrip()


def states() -> list[UnitState]:
    """Ask systemd."""
    command = ["systemctl", "show", "--property", ",".join(ASKED), *UNITS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603 - our own command
    return list(read(done.stdout))


def read(text: str) -> Iterator[UnitState]:
    """Yield the state of each unit in the output of ``systemctl show``."""
    for block in text.strip().split("\n\n"):
        properties = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if properties:
            restarts = properties.get("NRestarts", "")
            yield UnitState(
                properties["Id"],
                properties.get("LoadState") == "loaded",
                properties.get("ActiveState", ""),
                properties.get("UnitFileState") == "enabled",
                properties.get("StatusText", ""),
                int(restarts) if restarts.isdecimal() else 0,
            )
