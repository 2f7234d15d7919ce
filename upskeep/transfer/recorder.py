"""Writing a running system's frames down, as a recording that ``backtest`` and the ``recording`` source play.

Rules:
1. A line is a Frame as it was published, its place in the stream included: a reader can see what is missing.
2. A frame is written once, and in the order of its stream; one that comes after a later one of its producer has been
   written is left out and counted, for a recording is played in the order of its lines.
3. Nothing is asked for again: a recorder is a listener and costs the suite nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from shared.messages import Frame

Place = tuple[str, str]  # producer, epoch


@dataclass(slots=True)
class RecordingTally:
    """What has been written, and what is missing from it. ``missing`` counts numbers that were never seen."""

    frames: int = 0
    devices: dict[str, int] = field(default_factory=dict)
    missing: int = 0
    late: int = 0
    unreadable: int = 0
    reached: dict[Place, int] = field(default_factory=dict)

    def line(self, payload: str, only: frozenset[str]) -> str | None:
        """Return the line to write for one payload of ``raw/…``, None if there is none; ``only``: these devices."""
        try:
            frame = Frame.model_validate_json(payload)
        except ValidationError:
            self.unreadable += 1
            return None
        if not self._next(frame) or (only and frame.device not in only):
            return None
        self.frames += 1
        self.devices[frame.device] = self.devices.get(frame.device, 0) + 1
        return frame.model_dump_json(exclude_none=True) + "\n"

    def _next(self, frame: Frame) -> bool:
        """Whether the frame comes after all of its producer's; notes a gap before it."""
        place = (frame.producer, frame.epoch)
        before = self.reached.get(place)
        if before is not None and frame.seq <= before:
            self.late += 1
            return False
        if before is not None:
            self.missing += frame.seq - before - 1
        self.reached[place] = frame.seq
        return True

    def summary(self) -> Mapping[str, Any]:
        """Return it for a person or a program."""
        return {
            "frames": self.frames,
            "devices": dict(sorted(self.devices.items())),
            "missing": self.missing,
            "repeated_or_late": self.late,
            "unreadable": self.unreadable,
        }
