"""What a check found, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shared.suite import SuiteSettings


class Level(StrEnum):
    """How bad it is. With a ``fault`` something does not work, with a ``warning`` it may not for long."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was found, and what to do; nothing where it is ``ok``."""

    check: str
    level: Level
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined: a configuration folder, the environment, and the suite by it and the command line."""

    config: Path
    environ: Mapping[str, str]
    suite: SuiteSettings
