"""Aggregates, history and the analyses of both: the store's state beside its counters.

All calls come inside the batch's transaction; recorded events are in the tables from ``flush`` or ``answer`` on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.counter_store.adapters.tables import aggregates
from services.counter_store.adapters.tables.aggregates import Aggregates, BatchCounts
from services.counter_store.adapters.tables.events import EventTable
from services.counter_store.adapters.tables.retention import Retention
from services.counter_store.application import queries, recount
from services.counter_store.application.analytics import Analytics
from services.counter_store.application.health_monitor import HealthMonitor
from services.counter_store.application.snapshot import Snapshot
from services.counter_store.core.counting.observation import MAX_SOURCES, REST, Observation
from services.counter_store.core.counting.series import Cell, Series, series_of
from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.time_units import DAY_US
from shared.health import Health
from shared.ledger import Ledger
from shared.messages import Event

SCHEMA = aggregates.SCHEMA + recount.SCHEMA


class Archive:
    """Aggregates and history of one ledger."""

    def __init__(self, ledger: Ledger, policy: StorePolicy, site: str) -> None:
        self._ledger = ledger
        self._policy = policy
        self._aggregates = Aggregates(ledger)
        with ledger.transaction():
            recount.catch_up(ledger, self._aggregates)
        self.retention = Retention(ledger, self._aggregates, policy, EventTable(ledger).held())
        self.analytics = Analytics(ledger, self._aggregates, policy, site)
        self._credit = recount.has_credit(ledger)
        self._harvest = BatchCounts()
        self._added = 0
        self._touched: dict[str, None] = {}
        self._health = HealthMonitor(policy, self.analytics.health)

    def observation(self, times: Mapping[str, Any]) -> Observation:
        """Return since when each source has been observed, from the ledger.

        An earlier version stored one time for all; without any it begins with the first counted event.
        """
        if (kept := times.get("observed")) is not None:
            return Observation(kept)
        first_us = min((cell.first_us for cell in self._aggregates.ever().values()), default=None)
        since_us = times.get("observed_us", first_us)
        devices = {series.device or REST for series in self._aggregates.series.values()} | {REST}
        return Observation({} if since_us is None else dict.fromkeys(sorted(devices)[:MAX_SOURCES], since_us))

    @property
    def full(self) -> bool:
        """Whether so many series are known that further ones are counted without device and zone."""
        return self._aggregates.full

    def record(self, event: Event, time_us: int) -> bool:
        """Count an event that was added to the history; return False if it was counted before."""
        self.retention.added(event.type)
        self._touched[event.type] = None
        self._added += 1
        if self._credit and recount.use_credit(self._ledger, self._aggregates, series_of(event), time_us):
            return False
        self._harvest.add(series_of(event), time_us)
        self._health.record(event)
        return True

    def add_counted(self, series: Series, count: int, time_us: int) -> None:
        """Add a count without its events to the day they began on."""
        self._aggregates.add_cell("daily", time_us // DAY_US, series, Cell(count, time_us, time_us))

    def flush(self, monotonic_us: int | None, wall_us: int | None, *, prune: bool) -> None:
        """Write the recorded events; ``prune`` deletes what must leave the history."""
        self._write()
        if prune and monotonic_us is not None and wall_us is not None:
            self.retention.prune(self._touched, self._added, monotonic_us, wall_us)
        self._touched, self._added = {}, 0

    def answer(self, name: str, data: Mapping[str, Any], snapshot: Snapshot) -> dict[str, Any]:
        """Return the answer to a request, this batch's events included."""
        self._write()
        return queries.answer(self.analytics, snapshot, name, data)

    def due_health(self, as_of_us: int | None) -> Health | None:
        """Return the health if it is due to be published."""
        return self._health.due(as_of_us)

    def _write(self) -> None:
        if self._harvest:
            self._aggregates.add(self._harvest)
            self._harvest = BatchCounts()
        if self._added:
            (rowid,) = self._ledger.db.execute("SELECT max(rowid) FROM event").fetchone()
            recount.mark_aggregated(self._ledger, rowid)
