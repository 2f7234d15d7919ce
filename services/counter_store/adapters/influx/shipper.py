"""The shipper: writes points from the outbox to InfluxDB on a thread of its own, so that counting never waits for it.

Rules:
1. A point leaves the outbox only when the store has it, or has refused it by itself; then it is set aside.
2. No ledger transaction is open while the network is in use.
3. A full disk or a busy ledger is retried like an unreachable server. Any other error ends the thread, which ``alive``
   and the figures show.
"""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from services.counter_store.adapters.tables.point_queue import SCHEMA, PointQueue
from services.counter_store.core.influx.batches import Shipment, after_refused, after_written, back_off_s, plan_shipment
from services.counter_store.core.influx.ports import PointStore, Refused, Unavailable
from services.counter_store.settings import InfluxSettings
from shared.ledger import Ledger, LedgerDamagedError, LedgerError, Way


@dataclass(frozen=True, slots=True)
class ShipperState:
    """The shipper's figures since its start. ``last_error`` is empty after a successful write."""

    pending: int = 0
    shipped: int = 0
    refused: int = 0
    failures: int = 0
    last_error: str = ""
    last_refusal: str = ""


class Shipper:
    """Ships from the ledger at ``path``. ``jitter`` gives 0…1; ``clock`` dates what the server refuses.

    ``prepare`` runs before each batch until it returns True.
    """

    def __init__(
        self,
        path: Path | str,
        store: PointStore,
        settings: InfluxSettings,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float] = random.random,
        prepare: Callable[[], bool] = lambda: True,
        way: Way | None = None,
    ) -> None:
        self._way = way
        self._path = path
        self._store = store
        self._settings = settings
        self._jitter = jitter
        self._clock = clock
        self._prepare = prepare
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shipper", daemon=True)
        self.state = ShipperState()
        self.fault: Exception | None = None  # a damaged ledger, which the process must end with

    def start(self) -> None:
        """Begin to ship; once only."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the request under way, which its timeout bounds; what is not stored stays in the outbox."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(self._settings.timeout_s + 5)

    @property
    def alive(self) -> bool:
        """Whether the thread runs; False between ``start`` and ``stop`` means a bug, and the process should end."""
        return self._thread.is_alive()

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return vital figures for ``status/…``; callable from any thread."""
        state = self.state
        return {
            "influx_shipping": self.alive,
            "influx_pending": state.pending,
            "influx_shipped": state.shipped,
            "influx_refused": state.refused,
            "influx_last_error": state.last_error,
            "influx_last_refusal": state.last_refusal,
        }

    def ship(self, queue: PointQueue) -> float:
        """Ship one batch and return the seconds to wait before the next."""
        try:
            wait_s = self._ship_batch(queue)
        except LedgerDamagedError:
            raise
        except (Unavailable, LedgerError) as error:
            failures = self.state.failures + 1
            self.state = replace(self.state, failures=failures, last_error=str(error))
            retry_after_s = error.retry_after_s if isinstance(error, Unavailable) else None
            wait_s = back_off_s(failures, self._settings.longest_wait_s, self._jitter(), retry_after_s)
        self.state = replace(self.state, pending=queue.pending())
        return wait_s

    def _run(self) -> None:
        try:
            with closing(self._store), closing(Ledger(self._path, [SCHEMA], way=self._way)) as ledger:
                queue = PointQueue(ledger)
                wait_s, ready = 0.0, False
                while not self._stop.wait(wait_s):
                    ready = ready or self._prepare()
                    wait_s = self.ship(queue)
        except (LedgerDamagedError, sqlite3.Error) as error:
            self.fault = error

    def _ship_batch(self, queue: PointQueue) -> float:
        points = queue.oldest(self._settings.batch_points)
        shipment = plan_shipment(points)
        while shipment.pieces and not self._stop.is_set():
            shipment = self._ship_piece(queue, shipment)
        return self._settings.idle_s if len(points) < self._settings.batch_points else 0.0

    def _ship_piece(self, queue: PointQueue, shipment: Shipment) -> Shipment:
        piece = shipment.pieces[0]
        try:
            self._store.write([point.line for point in piece])
        except Refused as refusal:
            self.state = replace(self.state, failures=0, last_error="")
            rest, culprit = after_refused(shipment)
            if culprit is not None:
                queue.set_aside(culprit, str(refusal), self._clock(), self._settings.max_refused_points)
                self.state = replace(self.state, refused=self.state.refused + 1, last_refusal=str(refusal))
            return rest
        queue.forget(piece)
        self.state = replace(self.state, shipped=self.state.shipped + len(piece), failures=0, last_error="")
        return after_written(shipment)
