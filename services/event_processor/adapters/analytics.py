"""Counts by type and hour of event time, and what they say: rates, failures that repeat, hours out of the ordinary.

Counts are added up per batch, a row a type and hour; the newest ``HOURS_KEPT`` hours are kept.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from services.event_processor.core.pipeline.analysis import anomalies, rates
from shared.instants import time_to_us
from shared.ledger import Ledger
from shared.messages import Event

SCHEMA = """
CREATE TABLE IF NOT EXISTS frequency (
    hour INTEGER NOT NULL, type TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (hour, type)) WITHOUT ROWID;
"""
HOURS_KEPT = 24 * 14
HOUR_US = 3_600_000_000


class Analytics:
    """All writes belong inside the batch's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._db = ledger.db
        self._fresh: Counter[tuple[int, str]] = Counter()

    def note(self, event: Event) -> None:
        """Count an event."""
        self._fresh[time_to_us(event.time) // HOUR_US, event.type] += 1

    def flush(self) -> None:
        """Write what the batch has counted."""
        if not self._fresh:
            return
        self._db.executemany(
            "INSERT INTO frequency VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(hour, kind, count) for (hour, kind), count in self._fresh.items()],
        )
        self._db.execute("DELETE FROM frequency WHERE hour <= (SELECT max(hour) FROM frequency) - ?", (HOURS_KEPT,))
        self._fresh.clear()

    def answer(self, now_us: int, hours: int) -> dict[str, Any]:
        """Return the rates of the ``hours`` hours up to ``now_us``, and the types whose present hour stands out."""
        hour, part = divmod(now_us, HOUR_US)
        rows = self._db.execute(
            "SELECT hour, type, count FROM frequency WHERE hour > ? AND hour <= ?", (hour - HOURS_KEPT, hour)
        ).fetchall()
        counts = {(int(at), str(kind)): int(count) for at, kind, count in rows}
        return {
            "hours": hours,
            "event_frequency": rates(counts, hour, part / HOUR_US, hours),
            "anomaly_detection": anomalies(counts, hour, part / HOUR_US),
        }
