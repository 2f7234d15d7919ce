"""Times in the future: a forged time must neither end alerts nor empty their windows (issue 13.2)."""

from __future__ import annotations

from datetime import datetime, timedelta

AHEAD = timedelta(days=1)


class FutureGuard:
    """Refuses times more than ``AHEAD`` ahead of both the wall clock and the newest time admitted so far.

    The second bound admits a simulation that runs faster than the clock, and a machine whose clock was never set.
    """

    def __init__(self) -> None:
        self._newest: datetime | None = None
        self.refused = 0

    def admits(self, time: datetime, now: datetime) -> bool:
        """Whether a time may be judged; ``refused`` counts those that may not."""
        if self._newest is not None and time <= self._newest:
            return True
        latest = now if self._newest is None else max(now, self._newest)
        if time > latest + AHEAD:
            self.refused += 1
            return False
        self._newest = time
        return True
