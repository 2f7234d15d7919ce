"""The points of a batch, collected line by line and queued with the batch's commit."""

from __future__ import annotations

from collections.abc import Iterable

from services.counter_store.adapters.tables.open_hours import OpenHours
from services.counter_store.adapters.tables.point_queue import PointQueue
from services.counter_store.core.influx.points import frame_to_line
from services.counter_store.settings import InfluxSettings
from shared.ledger import Ledger
from shared.messages import Frame


class PointBatch:
    """Lines for the queue in the ledger. Without InfluxDB nothing is collected."""

    def __init__(self, ledger: Ledger, influx: InfluxSettings, site: str) -> None:
        self.wanted = influx.enabled
        self._most = influx.max_pending_points
        self._site = site
        self._queue = PointQueue(ledger)
        self._hours = OpenHours(ledger)
        self._lines: list[str] = []

    def add(self, *lines: str | None) -> None:
        """Add lines; None, a point that InfluxDB cannot hold, is ignored."""
        if self.wanted:
            self._lines.extend(line for line in lines if line is not None)

    def add_frame(self, frame: Frame) -> None:
        """Add a reading, and the means of the hours that it ends."""
        if self.wanted:
            self.add(frame_to_line(frame, self._site), *self._hours.fold(frame, self._site))

    def save(self, totals: Iterable[str]) -> int:
        """Queue the lines and ``totals``; return how many of the oldest points were dropped for want of room."""
        if not self.wanted:
            return 0
        self.add(*totals)
        dropped = self._queue.add(self._lines, self._most) if self._lines else 0
        self._lines = []
        self._hours.save()
        return dropped

    def pending(self) -> int:
        """Return how many points wait in the queue."""
        return self._queue.pending() if self.wanted else 0
