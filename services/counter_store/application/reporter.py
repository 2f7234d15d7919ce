"""Scheduled reports: each period (``core/reports/schedule.py``) is written into files and published once.

Rules:
1. One report for each batch, so that counting does not wait for a backlog.
2. It is written before the batch commits: after a crash in between the same bytes are written again.
3. If it cannot be written counting continues, with a retry a minute of event time later.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence

from services.counter_store.adapters.reports.counters_file import CountersFile
from services.counter_store.adapters.reports.files import ReportFiles
from services.counter_store.application.analytics import Analytics
from services.counter_store.application.report_builder import report
from services.counter_store.application.snapshot import Snapshot
from services.counter_store.core.reports.report import DetailedReport, ReportType
from services.counter_store.core.reports.schedule import Kind, Period, due, reached
from shared.ledger import Ledger
from shared.messages import Counter
from shared.report import ScheduledReport

log = logging.getLogger(__name__)

KEY = "reports"
RETRY_US = 60_000_000


class Reporter:
    """Makes the due reports. All calls come inside the batch's transaction."""

    def __init__(
        self, ledger: Ledger, files: ReportFiles, kinds: Sequence[Kind], counters: CountersFile | None = None
    ) -> None:
        self._ledger = ledger
        self._files = files
        self._kinds = kinds
        self._counters = counters
        kept = json.loads(ledger.get(KEY) or b"{}")
        self._made: dict[Kind, int] = kept.get("made", {})
        self._last: dict[Kind, str] = kept.get("last", {})
        self._failed_us: int | None = None
        self.failures = 0

    def again(self) -> list[ScheduledReport]:
        """Return the last report of each kind, to publish again after a start: the broker may have lost it."""
        return [ScheduledReport.model_validate_json(text) for text in self._last.values()]

    def figures(self) -> dict[str, int]:
        """Return how often a report or the file of the counters could not be written, if ever."""
        unsaved = self._counters.figures() if self._counters else {}
        return {**({"reports_unwritten": self.failures} if self.failures else {}), **unsaved}

    def save(self, as_of_us: int | None, counters: Callable[[], Iterable[Counter]]) -> None:
        """Write the file of the counters if it is time for it."""
        if self._counters:
            self._counters.save(as_of_us, counters)

    def due(self, as_of_us: int | None, observed_us: int | None) -> Period | None:
        """Return the next period to report, or None."""
        if as_of_us is None or observed_us is None:
            return None
        if self._failed_us is not None and self._failed_us <= as_of_us < self._failed_us + RETRY_US:
            return None
        made = {kind: reached(kind, us, as_of_us) for kind, us in self._made.items()}
        return next(iter(due(self._kinds, made, observed_us, as_of_us)), None)

    def make(self, period: Period, analytics: Analytics, snapshot: Snapshot) -> ScheduledReport | None:
        """Write a report; return the message to publish, None if it could not be written."""
        made = self._write(period, analytics, snapshot)
        self._failed_us = snapshot.as_of_us if made is None else None
        if made is not None:
            self._made[period.kind], self._last[period.kind] = period.end_us, made.model_dump_json()
            self._ledger.put(KEY, json.dumps({"made": self._made, "last": self._last}).encode())
        return made

    def _write(self, period: Period, analytics: Analytics, snapshot: Snapshot) -> ScheduledReport | None:
        found = report(analytics, snapshot, ReportType.DETAILED, period.days, period.last)
        try:
            files = self._files.write(period, found)
        except OSError as error:
            self.failures += 1
            log.warning("the %s report %s cannot be written: %s", period.kind, period.name, error)
            return None
        return ScheduledReport(
            kind=period.kind,
            period=period.name,
            site=found.site,
            period_days=period.days,
            since=period.since,
            until=period.until,
            total_events=found.total_events,
            all_time_events=found.all_time_events,
            event_categories=found.event_categories,
            health=found.health if isinstance(found, DetailedReport) else None,
            files=files,
        )
