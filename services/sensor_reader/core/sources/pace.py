"""When a recorded or simulated frame is released, so that time between frames runs at a chosen speed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pace:
    """Speed 1 is as it was, 60 an hour a minute, None as fast as possible.

    ``first_time`` is the time of the first frame played, ``started`` the monotonic second it was let go.
    """

    speed: float | None
    first_time: datetime
    started: float

    def release_at(self, frame_time: datetime) -> float:
        """Return the monotonic second to let a frame go; one older than the first goes at once."""
        if self.speed is None:
            return self.started
        played_s = (frame_time - self.first_time).total_seconds()
        return self.started + max(played_s, 0.0) / self.speed
