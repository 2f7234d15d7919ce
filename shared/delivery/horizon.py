"""How far ahead of this host's clock a time may be. What is further becomes a dead letter and moves nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.clock import Clock
from shared.suite import SuiteSettings

PLAUSIBLE = datetime(2026, 1, 1, tzinfo=UTC)  # a clock before this has not been set; nothing can be held against it


class Horizon:
    """The latest time that is believed of live data; a simulation or recording alone at its site may be of any."""

    def __init__(self, suite: SuiteSettings, clock: Clock) -> None:
        self._tolerance = timedelta(hours=suite.delivery.clock_tolerance_h)
        self._clock = clock

    def beyond(self, time: datetime | None) -> str | None:
        """Return why ``time`` is not believed, or None."""
        if time is None:
            return None
        wall = self._clock.wall()
        if wall < PLAUSIBLE or time - wall <= self._tolerance:
            return None
        hours = self._tolerance.total_seconds() / 3600
        return (
            f"its time {time.isoformat()} is more than {hours:g} h ahead of this host's clock ({wall.isoformat()}): "
            "set the clock that is wrong, or raise delivery.clock_tolerance_h"
        )
