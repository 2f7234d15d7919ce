"""CPU time of an event in worker and PostgreSQL, batch by batch in this process, without the log.

An event's cost follows from how many records of its site a batch holds, for a site's rows are updated once a batch. So
shapes are compared, not numbers of sites alone. Sites, tracks and types are known before it is measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fleet.core.reading import Arrival, read
from fleet.store import schema
from fleet.store.batches import Batch, Batches, Policy, Position
from fleet.store.connection import connect
from fleet.worker.collector import collecting_seldom
from shared.messages import Event, Severity
from shared.site_records import encode, event_record

TYPES = ("AC_POWER_LOSS", "BATTERY_LOW", "AC_POWER_RESTORED")
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
PARTITIONS = 12
EVENTS = 24_000


@dataclass(frozen=True, slots=True)
class Shape:
    """How many sites there are, how many records a batch has, and how many of a site follow each other."""

    sites: int
    batch: int
    run: int

    def __str__(self) -> str:
        return f"{self.sites:>7,} {self.batch:>8,} {max(self.run, self.batch / self.sites):>11.3g}"


SHAPES = (
    *(Shape(sites, min(3 * sites, 4_000), 3) for sites in (100, 1_000, 10_000)),
    *(Shape(sites, 4_000, 1) for sites in (100, 1_000, 10_000)),
)
HEAD = f"{'sites':>7} {'a batch':>8} {'of a site':>11} {'worker, µs':>11} {'PostgreSQL':>11} {'together':>9}"


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


def _pieces(shape: Shape) -> Iterator[list[Arrival]]:
    offset, piece = 0, list[Arrival]()
    while True:
        turn, place = divmod(offset, shape.run)
        site, seq = turn % shape.sites, turn // shape.sites * shape.run + place + 1
        piece.append(Arrival(site % PARTITIONS, offset, *encode(event_record(event(f"hut-{site}", seq)))))
        offset += 1
        if len(piece) == shape.batch:
            yield piece
            piece = []


def measure(url: str, shape: Shape) -> str:
    """Return the row of a shape; ``url`` is of a fresh database."""
    with closing(connect(url)) as made:
        schema.migrate(made)
    with closing(connect(url, by_key=True)) as connection:
        batches = Batches(connection, "bench", Policy({}, frozenset({"AC_POWER_LOSS"}), 400))
        claims = batches.claim(range(PARTITIONS), "bench", datetime.now(UTC))
        backend, pieces = connection.info.backend_pid, _pieces(shape)
        known = -(-4 * shape.sites * shape.run // shape.batch)
        count, ours, theirs = 0, 0.0, 0.0
        with collecting_seldom():
            for number in range(known + -(-EVENTS // shape.batch)):
                piece = next(pieces)
                after = {each.partition: Position(claims[each.partition].generation, each.offset + 1) for each in piece}
                began, stored = time.process_time(), _cpu(backend)
                batches.commit(Batch([read(each) for each in piece], after), datetime.now(UTC))
                if number >= known:
                    ours += time.process_time() - began
                    theirs += _cpu(backend) - stored
                    count += len(piece)
    worked, kept = ours / count * 1e6, theirs / count * 1e6
    return f"{shape} {worked:>11.0f} {kept:>11.0f} {worked + kept:>9.0f}"


def _cpu(pid: int) -> float:
    """Return the CPU seconds of a process so far, finer than by ticks."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
