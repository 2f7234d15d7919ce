"""CPU time of an event in worker and PostgreSQL at a backlog, in this process, without the log.

Of each site equally many records wait, in the order of their times: a site's lie as far apart as there are sites. They
are read and committed as a worker does by its default settings. Sites, tracks and types are known before that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
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
KNOWN, EVENTS = 100_000, 100_000
DEFAULTS = FleetSettings()
HEAD = f"{'sites':>7} {'worker, µs an event':>20} {'PostgreSQL':>11} {'together':>9}"
Cost = tuple[float, float]


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


def backlog(sites: int) -> list[Arrival]:
    """Return what waits, in the order of its times."""
    waiting = []
    for offset in range(KNOWN + EVENTS):
        turn, site = divmod(offset, sites)
        waiting.append(Arrival(site % PARTITIONS, offset, *encode(event_record(event(f"hut-{site}", turn + 1)))))
    return waiting


def measure(fresh: Callable[[], str], echo: Callable[[str], None]) -> None:
    """Measure the numbers of sites in turns, and print their medians; ``fresh`` gives the URL of a new database."""
    waiting = {sites: backlog(sites) for sites in SITES}
    costs: dict[int, list[Cost]] = {sites: [] for sites in SITES}
    for _ in range(ROUNDS):
        for sites in SITES:
            costs[sites].append(drain(fresh(), waiting[sites]))
    echo(HEAD)
    for sites, found in costs.items():
        ours, theirs, both = (median(column) for column in zip(*((o, t, o + t) for o, t in found), strict=True))
        echo(f"{sites:>7,} {ours:>20.1f} {theirs:>11.1f} {both:>9.1f}")


def drain(url: str, waiting: list[Arrival]) -> Cost:
    """Return CPU µs an event, a worker's and its PostgreSQL's, in a new database."""
    with closing(connect(url)) as made:
        schema.migrate(made)
    with closing(connect(url, by_key=True)) as connection:
        bounds = DEFAULTS.keep_days, DEFAULTS.max_sites, DEFAULTS.batch_records
        batches = Batches(connection, "bench", Policy({}, frozenset({"AC_POWER_LOSS"}), *bounds))
        claims = batches.claim(range(PARTITIONS), "bench", datetime.now(UTC))
        backend, began, stored = connection.info.backend_pid, 0.0, 0.0
        with collecting_seldom():
            for at in range(0, len(waiting), DEFAULTS.read_records):
                if at == KNOWN:
                    began, stored = time.process_time(), _cpu(backend)
                read = waiting[at : at + DEFAULTS.read_records]
                after = {each.partition: Position(claims[each.partition].generation, each.offset + 1) for each in read}
                batches.commit(Batch(read, after), datetime.now(UTC))
            ours, theirs = time.process_time() - began, _cpu(backend) - stored
    return ours / EVENTS * 1e6, theirs / EVENTS * 1e6


def _cpu(pid: int) -> float:
    """Return the CPU seconds of a process so far, finer than by ticks."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
