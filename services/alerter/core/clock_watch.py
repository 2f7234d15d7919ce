"""The alerter's sense of the time that passes where it runs: a wall clock whose steps it sees, and idleness.

1. Between two ticks the wall clock should gain what the monotonic clock does. What it gains or loses beyond ``STEP_S``
   is a step, and what was planned by the wall clock (groups, silences that last, services that are gone) moves along.
2. ``idle_s`` is how long nothing came while the broker was there to bring it, by the monotonic clock. Time in which the
   alerter was down or cut off does not count: it could not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

STEP_S = 2.0


@dataclass(slots=True)
class ClockWatch:
    """Where the clocks stood at the last tick."""

    wall: datetime | None = None
    monotonic_s: float = 0.0
    idle_s: float = 0.0
    busy: bool = False  # something has come since the last tick

    def tick(self, wall: datetime, monotonic_s: float, connected: bool) -> timedelta:
        """Take the clocks; return by how much the wall clock stepped since the last tick, mostly nothing."""
        passed_s = max(0.0, monotonic_s - self.monotonic_s) if self.wall is not None else 0.0
        before = self.wall
        self.wall, self.monotonic_s = wall, monotonic_s
        if self.busy:
            self.idle_s, self.busy = 0.0, False
        elif connected:
            self.idle_s += passed_s
        if before is None:
            return timedelta(0)
        step = wall - before - timedelta(seconds=passed_s)
        return step if abs(step.total_seconds()) > STEP_S else timedelta(0)
