"""CPU time of an event in worker and PostgreSQL at a backlog, in this process, without the log.

Of each site equally many records wait, in the order of their times: a site's lie as far apart as there are sites. They
are read and committed as a worker does by its default settings; what the first read of each holds is known then. The
numbers of sites take turns, a transaction each: whatever else the machine does concerns all of them alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from fleet.core.reading import Arrival
from fleet.settings import FleetSettings
from fleet.store import schema
from fleet.store.batches import Batch, Batches, Policy, Position
from fleet.store.connection import connect
from fleet.worker.collector import collecting_seldom
from shared.messages import Event, Severity
from shared.site_records import encode, event_record

TYPES = ("AC_POWER_LOSS", "BATTERY_LOW", "AC_POWER_RESTORED")
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
PARTITIONS = 12
SITES = (100, 1_000, 10_000)
ROUNDS = 5
DEFAULTS = FleetSettings()
HEAD = f"{'sites':>7} {'worker, µs an event':>20} {'PostgreSQL':>11} {'together':>9}"
Cost = tuple[float, float]  # CPU seconds: of a worker, of its PostgreSQL


def event(site: str, seq: int) -> Event:
    """Return an event of the load."""
    return Event(
        id=f"{site}.{seq}",
        type=TYPES[seq % 3],
        category="power",
        severity=Severity.WARNING,
        time=BEGIN + timedelta(seconds=10 * seq),
        site=site,
        device="ups",
        producer="event_processor",
        epoch="e1",
        seq=seq,
        data={"battery_voltage": 3.91, "state_of_charge": 71.5, "because": "ac_present is false"},
    )


class Worker:
    """One worker at a database of its own, whose backlog is of so many sites."""

    def __init__(self, url: str, sites: int) -> None:
        with closing(connect(url)) as made:
            schema.migrate(made)
        self.sites, self._next = sites, 0
        self._connection = connect(url, by_key=True)
        bounds = DEFAULTS.keep_days, DEFAULTS.max_sites, DEFAULTS.batch_records
        self._batches = Batches(self._connection, "bench", Policy({}, frozenset({"AC_POWER_LOSS"}), *bounds))
        self._claims = self._batches.claim(range(PARTITIONS), "bench", datetime.now(UTC))

    def read(self, records: int) -> Batch:
        """Return the next records of the backlog, in the order of their times."""
        offsets = range(self._next, self._next + records)
        self._next = offsets.stop
        arrived = []
        for offset in offsets:
            turn, site = divmod(offset, self.sites)
            arrived.append(Arrival(site % PARTITIONS, offset, *encode(event_record(event(f"hut-{site}", turn + 1)))))
        return Batch(arrived, {p: Position(claim.generation, offsets.stop) for p, claim in self._claims.items()})

    def work(self, batch: Batch) -> Iterator[Cost]:
        """Commit it, and yield what each transaction cost."""
        portions = self._batches.portions(batch, datetime.now(UTC))
        while True:
            ours, theirs = time.process_time(), _cpu(self._connection.info.backend_pid)
            if next(portions, None) is None:
                return
            yield time.process_time() - ours, _cpu(self._connection.info.backend_pid) - theirs


def measure(fresh: Callable[[], str], echo: Callable[[str], None]) -> None:
    """Print the middle of all rounds for each number of sites; ``fresh`` gives the URL of a new database."""
    workers = [Worker(fresh(), sites) for sites in SITES]
    rounds = []
    with collecting_seldom():
        for _ in range(1 + ROUNDS):
            batches = [worker.read(DEFAULTS.read_records) for worker in workers]
            turns = [*zip(*(worker.work(batch) for worker, batch in zip(workers, batches, strict=True)), strict=True)]
            rounds.append([tuple(map(sum, zip(*costs, strict=True))) for costs in zip(*turns, strict=True)])
    echo(HEAD)
    for sites, *costs in zip(SITES, *rounds[1:], strict=True):
        ours, theirs, both = (median(column) for column in zip(*((o, t, o + t) for o, t in costs), strict=True))
        figures = [each / DEFAULTS.read_records * 1e6 for each in (ours, theirs, both)]
        echo(f"{sites:>7,} {figures[0]:>20.1f} {figures[1]:>11.1f} {figures[2]:>9.1f}")


def _cpu(pid: int) -> float:
    """Return the CPU seconds of a process so far, finer than by ticks."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
