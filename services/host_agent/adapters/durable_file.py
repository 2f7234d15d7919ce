"""A small file that is written atomically, also if the power fails: written beside, synced, renamed."""

from __future__ import annotations

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

ROOM_BYTES = 1_000_000  # many times what the ledger's log takes for a few events and commands


class DurableFile:
    """One file. A failed write is logged once and reported by ``sound``; it raises nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sound = True

    @property
    def has_room(self) -> bool:
        """Whether the disk took the last write and has ``ROOM_BYTES`` left: enough for the ledger beside this file."""
        try:
            free = os.statvfs(self.path.parent)
        except OSError:
            return False
        return self.sound and free.f_bavail * free.f_frsize >= ROOM_BYTES

    def read(self) -> bytes | None:
        """Return the content; None if there is no file, or it cannot be read."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("%s cannot be read: %s; going on without it", self.path, error)
            return None

    def write(self, content: bytes) -> bool:
        """Write ``content``, synced; return whether it succeeded."""
        try:
            self._write(content)
        except OSError as error:
            if self.sound:
                log.error("%s cannot be written: %s; free some space or give this user the folder", self.path, error)
            self.sound = False
            return False
        self.sound = True
        return True

    def _write(self, content: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
