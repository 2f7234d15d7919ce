"""A small file that is whole or not there, also after the power went: written beside, synced, put in place."""

from __future__ import annotations

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

ROOM_BYTES = 1_000_000  # what the ledger's log may take for a few events and orders, many times over


class DurableFile:
    """One file. A disk that takes nothing is said once and keeps nobody from anything: ``sound`` reports it."""

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
        """Return what is kept; None if there is nothing, or it cannot be read."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("%s cannot be read: %s; going on without it", self.path, error)
            return None

    def write(self, content: bytes) -> bool:
        """Put ``content`` on the disk, synced; returns whether it is there."""
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
