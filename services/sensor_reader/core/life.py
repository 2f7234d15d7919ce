"""The reader's own life: which start and stop are told, so that a crash and a reboot are not mixed up.

Rules:
1. A run begins with ``started``, and says whether the run before ended by a clean stop (or there was none).
2. A run of the same boot after one that did not stop cleanly is a crash and its restart: nothing is told.
3. A clean stop is told by ``stopped``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from shared.messages import Frame

DEVICE = "system"


@dataclass(frozen=True, slots=True)
class Life:
    """What is remembered of the run: the host's boot, and whether it is still running."""

    boot_id: str
    running: bool

    def to_json(self) -> bytes:
        """Return it for the ledger."""
        return json.dumps({"boot_id": self.boot_id, "running": self.running}).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Life:
        """Return what ``to_json`` wrote."""
        data = json.loads(text)
        return cls(str(data["boot_id"]), bool(data["running"]))


def started(before: Life | None, boot_id: str, time: datetime) -> Frame | None:
    """Return the frame that tells of a start, or None for the restart after a crash."""
    if before is not None and before.running and before.boot_id == boot_id:
        return None
    clean = before is None or not before.running
    return Frame(time=time, device=DEVICE, values={"lifecycle": "started", "clean": clean, "boot_id": boot_id})


def stopped(boot_id: str, time: datetime) -> Frame:
    """Return the frame that tells of a clean stop."""
    return Frame(time=time, device=DEVICE, values={"lifecycle": "stopped", "boot_id": boot_id})
