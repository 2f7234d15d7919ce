"""Which events leave the history: those too old, and those too many of their type. Their counts stay (``aggregates``).

Rules:
1. A batch deletes at most ``ROWS`` events and twice as many as it added, so no batch takes long and a backlog shrinks.
2. Age is by monotonic time (``adapters.tables.events``): a clock that jumps by years makes nothing old. The earlier of
   event time and this host's own clock counts (``CounterStore``), so neither a forged event time nor a host that has
   lost its clock deletes anything.
3. An event that must leave before a day is over, because too many came, leaves its time in ``expired_event_time``
   until then: the windows of the last hour and day stay exact.
4. Of too many events of a type, those dated more than ``AHEAD_US`` after event time leave first, so that a sender with
   a bad clock loses its own events.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.counter_store.adapters.tables.aggregates import Aggregates
from services.counter_store.core.counting.series import hour_of
from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.time_units import DAY_US
from shared.ledger import Ledger

ROWS = 256
AHEAD_US = DAY_US


class Retention:
    """Keeps the history within its bounds, a little with each batch. All writes are inside the caller's transaction."""

    def __init__(self, ledger: Ledger, aggregates: Aggregates, policy: StorePolicy, held: dict[str, int]) -> None:
        self._db = ledger.db
        self._aggregates = aggregates
        self._policy = policy
        self._turn = 0
        (self._has_expired,) = self._db.execute("SELECT EXISTS (SELECT 1 FROM expired_event_time)").fetchone()
        self.held = held  # events in the history by type

    def added(self, event_type: str) -> None:
        """Count an event that was added to the history."""
        self.held[event_type] = self.held.get(event_type, 0) + 1

    def prune(self, touched: Iterable[str], added: int, monotonic_us: int, wall_us: int) -> int:
        """Delete what is due, up to the bound of a batch; return how many events were deleted."""
        budget = left = ROWS + 2 * added
        for event_type in dict.fromkeys((*touched, *self._next_types())):
            left -= self._prune_type(event_type, monotonic_us, left)
        self._compact(min(monotonic_us, wall_us))
        return budget - left

    def figures(self) -> dict[str, int]:
        """Return how many events the history holds, and how many of these are beyond the maximum of their type."""
        excess = sum(max(0, held - self._policy.history_per_type) for held in self.held.values())
        return {"history": sum(self.held.values()), "history_excess": excess}

    def _next_types(self) -> list[str]:
        """Return the next type in turn, so that types without new events are pruned too."""
        if not self.held:
            return []
        self._turn += 1
        return [sorted(self.held)[self._turn % len(self.held)]]

    def _prune_type(self, event_type: str, monotonic_us: int, limit: int) -> int:
        excess = min(limit, self.held.get(event_type, 0) - self._policy.history_per_type)
        gone = self._delete_ahead(event_type, monotonic_us, excess) if excess > 0 else 0
        gone += self._delete(event_type, monotonic_us, excess - gone, 2**63 - 1)
        gone += self._delete(event_type, monotonic_us, min(limit - gone, ROWS), monotonic_us - self._policy.history_us)
        if self._has_expired:
            self._forget_expired(event_type, monotonic_us)
        return gone

    def _forget_expired(self, event_type: str, monotonic_us: int) -> None:
        self._db.execute(
            "DELETE FROM expired_event_time WHERE rowid IN (SELECT rowid FROM expired_event_time"
            " WHERE type = ? AND monotonic_us <= ? ORDER BY monotonic_us LIMIT ?)",
            (event_type, monotonic_us - DAY_US, 2 * ROWS),
        )

    def _delete_ahead(self, event_type: str, now_us: int, limit: int) -> int:
        """Delete the events of a type that lie furthest ahead of event time, up to ``limit``."""
        gone = self._db.execute(
            "DELETE FROM event WHERE rowid IN (SELECT rowid FROM event WHERE type = ? AND monotonic_us > ?"
            " ORDER BY monotonic_us DESC LIMIT ?)",
            (event_type, now_us + AHEAD_US, limit),
        ).rowcount
        self.held[event_type] -= gone
        return gone

    def _delete(self, event_type: str, monotonic_us: int, limit: int, before_us: int) -> int:
        """Delete the oldest events of a type, up to ``limit``, if older than ``before_us``."""
        oldest = "SELECT rowid FROM event WHERE type = ?1 AND monotonic_us < ?2 ORDER BY monotonic_us LIMIT ?3"
        if limit <= 0 or not self._has_older(event_type, before_us):
            return 0
        expired = self._db.execute(
            "INSERT INTO expired_event_time SELECT type, monotonic_us FROM event"  # noqa: S608 - no input
            f" WHERE rowid IN ({oldest}) AND monotonic_us > ?4",
            (event_type, before_us, limit, monotonic_us - DAY_US),
        ).rowcount
        self._has_expired = self._has_expired or expired > 0
        gone = self._db.execute(
            f"DELETE FROM event WHERE rowid IN ({oldest})",  # noqa: S608
            (event_type, before_us, limit),
        ).rowcount
        self.held[event_type] = self.held.get(event_type, 0) - gone
        return gone

    def _has_older(self, event_type: str, before_us: int) -> bool:
        found = self._db.execute(
            "SELECT 1 FROM event WHERE type = ? AND monotonic_us < ? LIMIT 1", (event_type, before_us)
        )
        return found.fetchone() is not None

    def _compact(self, now_us: int) -> None:
        self._aggregates.compact(hour_of(now_us - self._policy.hourly_us), ROWS)
        numbers = list(self._aggregates.series)
        if numbers:
            number = numbers[self._turn % len(numbers)]
            self._aggregates.forget_episodes(number, now_us - self._policy.episodes_us, ROWS)
