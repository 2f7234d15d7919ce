"""A heartbeat file, touched after each turn of the worker's loop. A probe checks its age."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

STALE_S = 60.0


class HealthFileError(Exception):
    """The file cannot be used, in words."""


class HealthFile:
    """Where None is given, nothing is written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def begin(self) -> None:
        """Make the file; raises HealthFileError where it cannot be written or is something else."""
        if self._path is None:
            return
        try:
            if self._path.exists() and self._path.stat().st_size and not _is_ours(self._path):
                raise HealthFileError(f"{self._path} holds something else: name another --health-file")
            self._path.write_text("", encoding="ascii")
        except OSError as error:
            raise HealthFileError(f"the health file {self._path} cannot be written: {error.strerror}") from error

    def beat(self, now: datetime) -> None:
        """Say that the worker lives and reaches both the log and the database."""
        if self._path is not None:
            self._path.write_text(f"{now.isoformat()}\n", encoding="ascii")

    def gone(self) -> None:
        """Take the file away: a stopped worker is not healthy."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def is_fresh(path: Path, now: datetime) -> bool:
    """Whether the worker touched the file within ``STALE_S``."""
    try:
        said = datetime.fromisoformat(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return False
    return abs((now - said).total_seconds()) < STALE_S


def _is_ours(path: Path) -> bool:
    try:
        datetime.fromisoformat(path.read_text(encoding="ascii").strip())
    except ValueError:
        return False
    return True
