"""The shipper: takes records from the queue to the log on a thread of its own, so that the site never waits for it.

Rules:
1. A record leaves the queue only after the log has confirmed it, or has refused it alone; then it is set aside.
2. No ledger transaction is open while the network is in use, and only what has committed is sent.
3. A log that is away is tried again after a pause that grows. A full disk or a busy ledger is waited out likewise.
   Anything else ends the thread, which ``alive`` and the figures show.
"""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from services.uplink.adapters.record_queue import SCHEMA, RecordQueue, Waiting
from services.uplink.core.ports import Refused, SiteLog, Unavailable
from services.uplink.core.rate import Rate
from services.uplink.settings import UplinkSettings
from shared.clock import Clock
from shared.ledger import Ledger, LedgerDamagedError, LedgerError, Way
from shared.retries import pause_s

log = logging.getLogger(__name__)
FIRST_WAIT_S = 1.0
STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class ShipperState:
    """The shipper's figures since its start. ``last_error`` is empty again once a batch is confirmed."""

    pending: int = 0
    behind_s: float = 0.0
    shipped: int = 0
    refused: int = 0
    failures: int = 0
    last_error: str = ""


class Shipper:
    """Ships from the ledger at ``path``. ``jitter`` gives 0…1."""

    def __init__(
        self,
        path: Path | str,
        log: SiteLog,
        settings: UplinkSettings,
        clock: Clock,
        way: Way | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._path, self._log, self._settings, self._clock = path, log, settings, clock
        self._way, self._jitter = way, jitter
        self._rate = Rate(settings.records_per_second, settings.batch_records)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shipper", daemon=True)
        self.state = ShipperState()
        self.fault: Exception | None = None  # a damaged ledger: for the process to end on

    def start(self) -> None:
        """Begin to ship; once only."""
        self._thread.start()

    def stop(self) -> None:
        """Stop in the batch under way; what is not confirmed stays in the queue."""
        self._stop.set()
        self._log.interrupt()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    @property
    def alive(self) -> bool:
        """True from ``start`` until ``stop``; False in between means a bug, and the process should end."""
        return self._thread.is_alive()

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return vital figures for ``status/…``; callable from any thread."""
        state = self.state
        return {
            "log_shipping": self.alive,
            "log_pending": state.pending,
            "log_behind_s": round(state.behind_s, 1),
            "log_shipped": state.shipped,
            "log_refused": state.refused,
            "log_last_error": state.last_error,
        }

    def ship(self, queue: RecordQueue) -> float:
        """Ship one batch and return the seconds to wait before the next."""
        try:
            wait_s = self._ship_batch(queue)
        except LedgerDamagedError:
            raise
        except (Unavailable, LedgerError) as error:
            failures = self.state.failures + 1
            if failures == 1:
                log.warning("records wait for the fleet's log: %s", error)
            self.state = replace(self.state, failures=failures, last_error=str(error))
            wait_s = pause_s(failures, FIRST_WAIT_S, self._settings.longest_wait_s, self._jitter())
        self._look(queue)
        return wait_s

    def _run(self) -> None:
        try:
            with closing(self._log), closing(Ledger(self._path, [SCHEMA], way=self._way)) as ledger:
                queue = RecordQueue(ledger)
                wait_s = 0.0
                while not self._stop.wait(wait_s):
                    wait_s = self.ship(queue)
        except (LedgerDamagedError, sqlite3.Error) as error:
            self.fault = error

    def _ship_batch(self, queue: RecordQueue) -> float:
        room = self._rate.room(self._clock.monotonic())
        records = queue.oldest(room) if room else []
        if records:
            self._rate.spend(len(records))
            self._ship_pieces(queue, records)
        return max(self._rate.wait_s(), 0.0 if room and len(records) == room else self._settings.idle_s)

    def _ship_pieces(self, queue: RecordQueue, records: Sequence[Waiting]) -> None:
        """Write a batch, of which something refused is found by halves."""
        pieces = [records]
        while pieces and not self._stop.is_set():
            piece = pieces.pop(0)
            try:
                self._log.write([record.entry for record in piece])
            except Refused as refusal:
                if len(piece) > 1:
                    middle = len(piece) // 2
                    pieces[:0] = [piece[:middle], piece[middle:]]
                else:
                    self._set_aside(queue, piece[0], str(refusal))
                continue
            queue.forget(piece)
            self.state = replace(self.state, shipped=self.state.shipped + len(piece), failures=0, last_error="")

    def _set_aside(self, queue: RecordQueue, record: Waiting, reason: str) -> None:
        queue.set_aside(record, reason, self._clock.wall())
        self.state = replace(self.state, refused=self.state.refused + 1, failures=0, last_error=f"refused: {reason}")

    def _look(self, queue: RecordQueue) -> None:
        since = queue.waiting_since()
        behind_s = 0.0 if since is None else max(0.0, self._clock.wall().timestamp() - since)
        self.state = replace(self.state, pending=queue.pending(), behind_s=behind_s)
