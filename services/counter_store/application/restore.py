"""Restoring a lost ledger from InfluxDB: a thread reads pages, and the store's thread counts them.

Rules (docs/adr/0007):
1. The progress is in the ledger under ``restore`` and commits with the page, so a crash costs one page.
2. Until the last page nothing is written to InfluxDB: a new point might overwrite one that is yet to be read.
3. While InfluxDB is unreachable the store counts new events. An event that is both read back and resent has one id.
"""

from __future__ import annotations

import json
import queue
import random
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from services.counter_store.adapters.tables.events import SEALED, EventTable
from services.counter_store.application.recount import salvage_counts
from services.counter_store.core.influx.batches import back_off_s
from services.counter_store.core.influx.line_protocol import FIRST_NS
from services.counter_store.core.influx.ports import Unavailable
from shared.ledger import Ledger
from shared.ledger.salvage import sound_rows

if TYPE_CHECKING:
    from services.counter_store.adapters.influx.query import EventPage

KEY = "restore"
PAGE = 5000


@dataclass(frozen=True, slots=True)
class RestoreProgress:
    """``read`` from InfluxDB, then ``fill`` it with what it lacks, then ``done``."""

    phase: Literal["read", "fill", "done"] = "read"
    at_ns: int = FIRST_NS
    skip: int = 0
    found: int = 0
    new: int = 0
    after: int = 0  # rowid of the last event that has been given a point

    def after_page(self, page: EventPage, new: int) -> RestoreProgress:
        """Return the progress once ``page`` is in the ledger."""
        phase: Literal["read", "fill"] = "fill" if page.last else "read"
        found = self.found + len(page.events)
        return replace(self, phase=phase, at_ns=page.at_ns, skip=page.skip, found=found, new=self.new + new)

    def after_fill(self, rowid: int | None) -> RestoreProgress:
        """Return the progress once every event up to ``rowid`` has a point; None: there are no more."""
        return replace(self, phase="done") if rowid is None else replace(self, after=rowid)


def load(ledger: Ledger) -> RestoreProgress:
    """Return the progress of a restore; ``done`` without one."""
    kept = ledger.get(KEY)
    return RestoreProgress(phase="done") if kept is None else RestoreProgress(**json.loads(kept))


def save(ledger: Ledger, progress: RestoreProgress) -> None:
    """Keep the progress; call inside ``transaction``."""
    ledger.put(KEY, json.dumps(asdict(progress)).encode())


def begin_if_new(ledger: Ledger) -> None:
    """Begin a restore in a ledger that has counted nothing yet; call inside ``transaction``."""
    if ledger.get(KEY) is None:
        counted = next(EventTable(ledger).counters(), None)
        save(ledger, RestoreProgress() if counted is None else RestoreProgress(phase="done"))


def salvage(damaged: sqlite3.Connection, ledger: Ledger) -> Mapping[str, Any]:
    """Copy every sound event and aggregate, count anew, and leave the rest to a restore.

    The queued points are not copied: after the restore each event that InfluxDB lacks gets one.
    """
    table = EventTable(ledger)
    for row in sound_rows(damaged, "event", SEALED):
        table.add_row(row, int(row[SEALED.index("time_us")] or 0), None)
    save(ledger, RestoreProgress())
    return {"events_salvaged": salvage_counts(damaged, ledger)}


class EventSource(Protocol):
    """Where events are read back from."""

    def read(self, at_ns: int, skip: int, limit: int) -> EventPage:
        """Return a page; raises Unavailable."""

    def close(self) -> None:
        """Let go of connections."""


class Restorer:
    """Reads pages ahead on a thread, at most one more than has been taken."""

    def __init__(
        self,
        source: EventSource,
        progress: RestoreProgress,
        longest_wait_s: float,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._source = source
        self._place = (progress.at_ns, progress.skip)
        self._longest_wait_s = longest_wait_s
        self._jitter = jitter
        self._pages: queue.Queue[EventPage] = queue.Queue(maxsize=1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="restorer", daemon=True)
        self.last_error = ""

    def start(self) -> None:
        """Begin to read; once only."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Stop after the request under way."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def next_page(self) -> EventPage | None:
        """Return the next page, or None when there is none yet."""
        try:
            return self._pages.get_nowait()
        except queue.Empty:
            return None

    def _run(self) -> None:
        failures = 0
        with closing(self._source):
            while not self._stop.is_set():
                try:
                    page = self._source.read(*self._place, PAGE)
                except Unavailable as error:
                    failures, self.last_error = failures + 1, str(error)
                    self._stop.wait(back_off_s(failures, self._longest_wait_s, self._jitter(), error.retry_after_s))
                    continue
                failures, self.last_error = 0, ""
                self._place = (page.at_ns, page.skip)
                if not self._hand_over(page) or page.last:
                    return

    def _hand_over(self, page: EventPage) -> bool:
        while not self._stop.is_set():
            try:
                self._pages.put(page, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False
