"""Counts by type and hour of event time, and their analysis: rates, repeated failures, unusual hours.

Counts are added up per batch, a row for each type and hour; the newest ``HOURS_KEPT`` hours are kept. Rates are divided
by the time observed: since the first event, except for one dated more than ``LATE_US`` before the newest (a bad clock,
a late delivery), which only counts in its hour.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from services.event_processor.core.device.latch import stamp
from services.event_processor.core.pipeline.analysis import anomalies, rates
from shared.instants import time_to_us, us_to_time
from shared.jumps import Jump
from shared.ledger import Ledger
from shared.messages import Event

SCHEMA = """
CREATE TABLE IF NOT EXISTS frequency (
    hour INTEGER NOT NULL, type TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (hour, type)) WITHOUT ROWID;
"""
HOURS_KEPT = 24 * 14
HOUR_US = 3_600_000_000
LATE_US = 24 * HOUR_US
SINCE = "analytics/since_us"


class Analytics:
    """All writes belong inside the batch's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._db = ledger.db
        self._fresh: Counter[tuple[int, str]] = Counter()
        kept = ledger.get(SINCE)
        newest = self._db.execute("SELECT max(hour) FROM frequency").fetchone()[0]
        self._newest_us: int | None = None if newest is None else newest * HOUR_US
        self._since_us: int | None = None if kept is None else int(kept)
        self._moved = False
        self._noted: datetime | None = None
        self._hour = 0

    def note(self, event: Event) -> None:
        """Count an event."""
        if event.time is not self._noted:  # the events of a frame share their time
            self._noted, self._hour = event.time, self._observe(time_to_us(event.time))
        self._fresh[self._hour, event.type] += 1

    def _observe(self, at_us: int) -> int:
        """Let the observed time reach to an event's; return its hour."""
        if self._newest_us is None or at_us >= self._newest_us - LATE_US:
            self._newest_us = at_us if self._newest_us is None else max(self._newest_us, at_us)
            if self._since_us is None or at_us < self._since_us:
                self._since_us, self._moved = at_us, True
        return at_us // HOUR_US

    def move(self, jump: Jump) -> None:
        """Move beginning and end of the observed time along with a step of the clock."""
        if self._since_us is not None and self._newest_us is not None:
            self._since_us, self._newest_us = (
                time_to_us(jump.moved(us_to_time(us))) for us in (self._since_us, self._newest_us)
            )
            self._moved = True
            self._noted = None

    def flush(self) -> None:
        """Write the batch's counts."""
        if self._moved:
            self._ledger.put(SINCE, str(self._since_us).encode())
            self._moved = False
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
        since_us = self._since_us
        if since_us is None or since_us > now_us:  # counts of an earlier version, or of a recording of before
            since_us = min((at * HOUR_US for at, _ in counts), default=now_us)
        return {
            "hours": hours,
            "observed_since": stamp(us_to_time(since_us)),
            "event_frequency": rates(counts, hour, part / HOUR_US, hours, since_us / HOUR_US),
            "anomaly_detection": anomalies(counts, hour, part / HOUR_US),
        }
