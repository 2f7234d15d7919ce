"""A file that says that the worker works: touched after each turn of its loop. A probe looks at its age."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

STALE_S = 60.0


class HealthFile:
    """Where None is given, nothing is written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def beat(self, now: datetime) -> None:
        """Say that the worker lives and reaches both the log and the database."""
        if self._path is not None:
            self._path.write_text(f"{now.isoformat()}\n", encoding="ascii")

    def gone(self) -> None:
        """Take the file away: a stopped worker is not healthy."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def is_fresh(path: Path, now: datetime) -> bool:
    """Whether the worker said so within ``STALE_S``."""
    try:
        said = datetime.fromisoformat(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return False
    return abs((now - said).total_seconds()) < STALE_S
