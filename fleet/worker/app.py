"""The loop of a worker: read, commit, again. It holds nothing that is not in the database or the log.

Rules:
1. Where the database is away the worker stays in the group, reads nothing, and comes back more and more slowly; then it
   claims its partitions anew and reads on from where the database says.
2. Where another worker has claimed a partition of a batch, the batch is forgotten: a rebalance is on its way.
3. SIGTERM ends it between two transactions (``stopping``); it leaves the group, so that others take over at once.
   SIGKILL is as good.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fleet.core.central import CentralRules
from fleet.core.reading import Arrival
from fleet.settings import FleetSettings, secret
from fleet.store import schema
from fleet.store.batches import Batch, Batches, Done, LostPartitionError, Policy, Position
from fleet.store.connection import Connection, DatabaseAwayError, connect
from fleet.worker.health import HealthFile
from fleet.worker.log import Log
from fleet.worker.log_client import complaints
from fleet.worker.overseer import Overseer
from shared.clock import Clock

log = logging.getLogger(__name__)
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(slots=True)
class Figures:
    """What a worker has done since its start."""

    records: int = 0
    events: int = 0
    repeats: int = 0
    refused: int = 0
    batches: int = 0


@dataclass(slots=True)
class Worker:
    """One worker of the group, by its name. ``stop`` is set by a signal; ``central``: how raw frames are processed."""

    name: str
    settings: FleetSettings
    clock: Clock
    stop: threading.Event
    health: HealthFile
    central: CentralRules | None = None
    on_batch: Callable[[Figures], None] = lambda _: None
    figures: Figures = field(default_factory=Figures)
    _claims: dict[int, Position] = field(default_factory=dict)

    def run(self) -> None:
        """Work until ``stop``; raises what waiting does not mend."""
        log_ = Log(self.settings.log, self.settings.batch_records, self.settings.read_records)
        Overseer(lambda: self._connect(by_key=False), self.settings, self.clock, self.stop).start()
        try:
            failures = 0
            while not self.stop.is_set():
                try:
                    with self._connect() as connection:
                        failures = 0
                        self._work(log_, connection)
                except DatabaseAwayError as error:
                    wait_s = BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]
                    log.warning("the database is away, next try in %.1f s: %s", wait_s, error)
                    failures += 1
                    self._wait(log_, wait_s)
        finally:
            self.health.gone()
            log_.close()

    def _connect(self, *, by_key: bool = True) -> Connection:
        database = self.settings.database
        password = secret(database.password_file, "database.password_file")
        connection = connect(database.url, password=password, by_key=by_key, name=f"upskeep-fleet {self.name}"[:63])
        schema.check_version(connection)
        return connection

    def _wait(self, log_: Log, seconds: float) -> None:
        until = self.clock.monotonic() + seconds
        while not self.stop.is_set() and (left := until - self.clock.monotonic()) > 0:
            log_.hold(min(left, 0.2))
        log_.moved = True

    def _work(self, log_: Log, connection: Connection) -> None:
        settings = self.settings
        bounds = settings.keep_days, settings.max_sites, settings.batch_records
        policy = Policy(settings.regions, settings.signals, *bounds, central=self.central)
        batches = Batches(connection, self.settings.log.topic, policy)
        log_.moved = True
        while not self.stop.is_set():
            if log_.moved:
                self._claim(log_, batches)
            arrived = log_.read(self.settings.batch_wait_s)
            if arrived and not log_.moved:
                try:
                    self._commit(log_, batches, arrived)
                except LostPartitionError as error:
                    log.info("%s: a rebalance is on its way", error)
                    log_.hold(self.settings.log.session_s / 3)  # by then the group has said who has what
                    continue
            self.health.beat(self._now())

    def _claim(self, log_: Log, batches: Batches) -> None:
        self._claims = batches.claim(log_.assigned, self.name, self._now()) if log_.assigned else {}
        log_.start_at({partition: claim.next_offset for partition, claim in self._claims.items()})
        log.info("reading partitions %s", ", ".join(map(str, sorted(self._claims))) or "none")

    def _commit(self, log_: Log, batches: Batches, arrived: list[Arrival]) -> None:
        after: dict[int, int] = {}
        for each in arrived:
            after[each.partition] = each.offset + 1
        if unclaimed := after.keys() - self._claims.keys():
            raise LostPartitionError(f"partitions {sorted(unclaimed)} are not claimed")
        positions = {p: Position(self._claims[p].generation, offset) for p, offset in after.items()}
        batch, left = Batch(arrived, positions), len(arrived)
        for done in batches.portions(batch, self._now()):
            left -= done.records
            self._count(done)
            if left and self.stop.is_set():
                return  # the rest is for who reads on from the offset; it may be read again without harm
        self._claims |= positions
        log_.publish_position(after)

    def _count(self, done: Done) -> None:
        figures = self.figures
        figures.records += done.records
        figures.events += done.events
        figures.repeats += done.repeats
        figures.refused += len(done.refused)
        figures.batches += 1
        if done.refused:
            complaints.warning("%d records are dead letters: %s", len(done.refused), done.refused[0].reason)
        self.health.beat(self._now())
        self.on_batch(figures)

    def _now(self) -> datetime:
        return self.clock.wall()
