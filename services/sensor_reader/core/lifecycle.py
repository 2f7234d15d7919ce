"""The reader's own life: which start and stop are reported, so that a crash and a reboot are not mixed up.

Rules:
1. A run begins with ``started_frame``, and says whether the run before ended by a clean stop, if there was one.
2. A run of the same boot after one that did not stop cleanly is a crash and its restart: nothing is reported.
3. A clean stop is reported by ``stopped_frame``.
4. A start that was not clean says ``power_fault`` where the boards know: whether the power was away. Fault flags report
   of it, or a board whose output has run for less long than this host, give or take ``BOOT_S``; with one that has
   run all along the host went down by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.messages import Frame, Scalar

DEVICE = "system"
BOOT_S = 120.0  # from the power's coming to the start of the kernel, at the most


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is remembered of the run: the host's boot, and whether it is still running."""

    boot_id: str
    running: bool

    def to_json(self) -> bytes:
        """Return it for the ledger."""
        return json.dumps({"boot_id": self.boot_id, "running": self.running}).encode()

    @classmethod
    def from_json(cls, text: bytes) -> RunRecord:
        """Return what ``to_json`` wrote."""
        data = json.loads(text)
        return cls(str(data["boot_id"]), bool(data["running"]))


def started_frame(
    before: RunRecord | None, boot_id: str, time: datetime, power_fault: bool | None = None
) -> Frame | None:
    """Return the frame that reports a start, or None for the restart after a crash."""
    if before is not None and before.running and before.boot_id == boot_id:
        return None
    values: dict[str, Scalar] = {"lifecycle": "started", "boot_id": boot_id}
    if before is not None:
        values["clean"] = not before.running
        if before.running and power_fault is not None:
            values["power_fault"] = power_fault
    return Frame(time=time, device=DEVICE, values=values)


def power_was_away(frames: Iterable[Frame], uptime_s: float | None) -> bool | None:
    """Return what the boards' first frames say of the power before this boot; None where none says anything."""
    answers = [word for frame in frames if (word := _power_was_away(frame, uptime_s)) is not None]
    return any(answers) if answers else None


def _power_was_away(frame: Frame, uptime_s: float | None) -> bool | None:
    flag, ran_s = frame.values.get("power_fault"), frame.values.get("output_run_time")
    if isinstance(flag, bool):
        return flag
    if isinstance(ran_s, int | float) and uptime_s is not None:
        return ran_s <= uptime_s + BOOT_S
    return None


def stopped_frame(boot_id: str, time: datetime) -> Frame:
    """Return the frame that reports a clean stop."""
    return Frame(time=time, device=DEVICE, values={"lifecycle": "stopped", "boot_id": boot_id})
