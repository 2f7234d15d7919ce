"""Steps of the wall clock, and how long no message has come.

1. Between two ticks the wall clock should gain as much as the monotonic clock. A difference beyond ``STEP_S`` is a
   step. What was planned by the wall clock (groups, silences that last, services that are gone) moves along with it.
2. ``idle_s`` is how long nothing came while the alerter was connected to the broker, by the monotonic clock. Time in
   which it was down or cut off does not count.
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
        """Compare both clocks with the last tick; return the step of the wall clock, zero within ``STEP_S``."""
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
