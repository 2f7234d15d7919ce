"""When the health is calculated and published.

Rules, all in event time:
1. It is published at the start, at each ``health_interval_s``, and at once after a critical event.
2. Any other event that can change it leads to a calculation within ``SETTLE_US``, and passing time to one every
   ``DECAY_STEP_US``. These are published if the score, the grade or a factor has changed.
3. Where event time went back, it is published anew.
"""

from __future__ import annotations

from collections.abc import Callable

from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.time_units import US_PER_S
from shared.health import Health
from shared.messages import Event, Severity

SETTLE_US = 10 * US_PER_S
DECAY_STEP_US = 600 * US_PER_S
_INFO, _CRITICAL = Severity.INFO, Severity.CRITICAL  # Python 3.11 looks a member up slowly


class HealthMonitor:
    """Remembers the last published health; ``calculate`` returns the health at a time in µs."""

    def __init__(self, policy: StorePolicy, calculate: Callable[[int], Health]) -> None:
        self._policy = policy
        self._calculate = calculate
        self._ends = {end for ends in policy.ended_by.values() for end in ends}
        self._published: Health | None = None
        self._published_us = 0
        self._calculated_us = 0
        self._critical = self._changed = False

    def record(self, event: Event) -> None:
        """Note whether a counted event can change the health."""
        self._critical = self._critical or event.severity is _CRITICAL
        self._changed = self._changed or event.severity is not _INFO or event.type in self._ends

    def due(self, as_of_us: int | None) -> Health | None:
        """Return the health if it is to be published now."""
        if not self._policy.health_enabled or as_of_us is None:
            return None
        must_publish = self._must_publish(as_of_us)
        if not must_publish and not self._must_calculate(as_of_us):
            return None
        health = self._calculate(as_of_us)
        self._calculated_us, self._critical, self._changed = as_of_us, False, False
        if not must_publish and self._published is not None and _figures(health) == _figures(self._published):
            return None
        self._published, self._published_us = health, as_of_us
        return health

    def _must_publish(self, as_of_us: int) -> bool:
        if self._published is None or self._critical or as_of_us < self._calculated_us:
            return True
        return as_of_us >= self._published_us + self._policy.health_interval_s * US_PER_S

    def _must_calculate(self, as_of_us: int) -> bool:
        wait_us = SETTLE_US if self._changed else DECAY_STEP_US
        return as_of_us >= self._calculated_us + wait_us


def _figures(health: Health) -> object:
    return health.score, [(factor.type, factor.points, factor.lasts) for factor in health.factors]
