"""``make bench ARGS="--fleet"``: events a second and CPU an event of the fleet's workers, by sites and workers.

It uses the Kafka and the PostgreSQL of ``config/fleet.yaml``, in topics and databases that it makes and removes, and
takes some 20 minutes. First a backlog without the log (``fleet_batches``; raw frames: ``fleet_raw``). The load with it
is what a regional outage is: every site's three events, again and again, from a log that is full. Workers have their
default settings, and each the same number of partitions, which hold equally much: it is measured until the last event,
and a worker that has nothing left waits. Sites and types are known when it begins. All numbers of sites and workers
take turns, three times; of each the median is printed, and the most that a worker has held.
Last, a regional outage of 10,000 simulated sites, from its first record in the log to the last count and the alert.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import LiteralString

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from fleet.settings import FleetSettings, read_fleet
from fleet.store import schema
from fleet.store.connection import Connection, connect
from shared.site_records import encode, event_record
from tools.bench import fleet_batches as batches
from tools.bench import fleet_outage as outage
from tools.bench import fleet_raw
from tools.bench.fleet_database import own_database

SITES, WORKERS = (100, 1_000, 10_000), (1, 2, 3)
EVENTS, PARTITIONS, ROUNDS = 900_000, 12, 3
KNOWN = 3  # events of each site that are stored before, one of each type
TICKS = os.sysconf("SC_CLK_TCK")
DEADLINE_S = 600.0
HEAD = (
    f"{'sites':>7} {'workers':>8} {'events/s':>9} {'CPU an event, µs: workers':>26} {'PostgreSQL':>11} {'together':>9}"
    f" {'MB at most':>13}"
)
PROGRESS: LiteralString = (
    "SELECT count(DISTINCT owner), coalesce(sum(records), 0)::bigint FROM log_positions WHERE topic <> 'bench'"
)
OUTAGE_SITES = 10_000
RULES = """rules: {share: {regional_outage: {type: AC_POWER_LOSS, share: 0.05, within_minutes: 10}}}
"""


def measure(config: Path, echo: Callable[[str], None]) -> None:
    """Measure every combination, and print a row for each."""
    settings = read_fleet(config, os.environ)
    echo("a backlog, without the log:")
    with ExitStack() as made:
        batches.measure(lambda: made.enter_context(own_database(settings.database.url)), echo)
    echo("\nraw frames of sites that only read, without the log:")
    fleet_raw.measure(settings.database.url, echo)
    echo("\nwith the log:")
    echo(HEAD)
    ways = [*product(SITES, WORKERS)]
    rounds = [[_run(settings, *way) for way in ways] for _ in range(ROUNDS)]
    for way, figures in zip(ways, zip(*rounds, strict=True), strict=True):
        echo(_row(*way, figures))
    echo(f"\na regional outage of {OUTAGE_SITES:,} sites, 2 workers:")
    with _fleet(settings, 2) as centre:
        echo(outage.measure(settings.log.model_copy(update={"topic": centre.topic}), centre.url, OUTAGE_SITES))


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment whose settings do not override those that a run writes for its workers."""
    return {name: value for name, value in environ.items() if not name.startswith("UPSKEEP_")}


@dataclass(frozen=True, slots=True)
class Figures:
    """Events a second, CPU time of an event in workers and in PostgreSQL (µs), the most that a worker held (MB)."""

    per_s: float
    ours_us: float
    theirs_us: float
    most_mb: float


def _row(sites: int, workers: int, rounds: Sequence[Figures]) -> str:
    per_s, most_mb = median(each.per_s for each in rounds), max(each.most_mb for each in rounds)
    ours, theirs = median(each.ours_us for each in rounds), median(each.theirs_us for each in rounds)
    both = median(each.ours_us + each.theirs_us for each in rounds)
    return f"{sites:>7,} {workers:>8} {per_s:>9,.0f} {ours:>26.1f} {theirs:>11.1f} {both:>9.1f} {most_mb:>13.0f}"


def _run(settings: FleetSettings, sites: int, workers: int) -> Figures:
    """Measure workers at a log that is full already."""

    def fill(topic: str, url: str) -> None:
        before = batches.Worker(url, sites)
        for _ in before.work(before.read(KNOWN * sites)):
            pass
        _produce(settings.log.servers, topic, sites)

    with _fleet(settings, workers, fill) as centre:
        return _watch(centre.url, centre.pids, workers)


@dataclass(frozen=True, slots=True)
class Running:
    """Workers at a topic and a database of their own."""

    topic: str
    url: str
    pids: list[int]


@contextmanager
def _fleet(
    settings: FleetSettings, workers: int, fill: Callable[[str, str], None] = lambda *_: None
) -> Iterator[Running]:
    topic = f"bench_{secrets.token_hex(4)}"
    with own_database(settings.database.url) as url, _topic(settings, topic), TemporaryDirectory() as folder:
        with connect(url) as made:
            schema.migrate(made)
        fill(topic, url)
        log = f"log: {{servers: '{settings.log.servers}', topic: {topic}, group: {topic}}}"
        text = f"{log}\ndatabase: {{url: '{url}'}}\n{RULES}"
        Path(folder, "fleet.yaml").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "upskeep", "fleet", "worker", "--config", folder, "--name"]
        environ = without_settings(os.environ)
        with ExitStack() as running:
            started = [
                subprocess.Popen([*command, f"w{n}"], stderr=subprocess.DEVNULL, env=environ)  # noqa: S603
                for n in range(workers)
            ]
            for process in started:
                running.callback(process.wait)
                running.callback(process.terminate)
            yield Running(topic, url, [process.pid for process in started])


@contextmanager
def _topic(settings: FleetSettings, name: str) -> Iterator[None]:
    admin = AdminClient({"bootstrap.servers": settings.log.servers})
    for done in admin.create_topics([NewTopic(name, PARTITIONS, 1)]).values():
        done.result(60)
    try:
        yield
    finally:
        for done in admin.delete_topics([name]).values():
            done.result(60)


def _watch(url: str, pids: list[int], workers: int) -> Figures:
    """From when every worker has partitions to the last event."""
    with connect(url) as looking:
        first = _when(looking, lambda owners, _: owners == workers)
        began, ours, theirs = time.perf_counter(), _cpu(pids), _cpu(_postgres())
        _when(looking, lambda _, records: records >= EVENTS)
        took = time.perf_counter() - began
    counted = EVENTS - first
    worked, stored = _cpu(pids) - ours, _cpu(_postgres()) - theirs
    most_mb = max(map(_most_bytes, pids)) / 1e6
    return Figures(counted / took, worked / counted * 1e6, stored / counted * 1e6, most_mb)


def _when(looking: Connection, holds: Callable[[int, int], bool]) -> int:
    """Wait for what must hold of how many workers have partitions and how many records are stored; returns these."""
    end = time.perf_counter() + DEADLINE_S
    while time.perf_counter() < end:
        ((owners, records),) = looking.execute(PROGRESS).fetchall()
        if holds(owners, records):
            return int(records)
        time.sleep(0.05)
    raise TimeoutError(f"{owners} workers have stored {records:,} of {EVENTS:,} events after {DEADLINE_S:.0f} s")


def _produce(servers: str, topic: str, sites: int) -> None:
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 20})
    for at in range(EVENTS):
        turn, site = divmod(at, sites)
        key, value = encode(event_record(batches.event(f"hut-{site}", KNOWN + turn + 1)))
        while True:
            try:
                producer.produce(topic, key=key, value=value, partition=site % PARTITIONS)
                break
            except BufferError:  # as many wait as it holds
                producer.poll(0.1)
    producer.flush(120)


def _postgres() -> list[int]:
    return [*_named("postgres")]


def _named(program: str) -> Iterator[int]:
    for place in Path("/proc").glob("[0-9]*/comm"):
        try:
            if place.read_text().strip() == program:
                yield int(place.parent.name)
        except OSError:
            continue  # it has ended


def _most_bytes(pid: int) -> int:
    """Return the most memory that a process has held."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def _cpu(pids: list[int]) -> float:
    """Return the CPU seconds of processes so far."""
    total = 0
    for pid in pids:
        try:
            words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(words[11]) + int(words[12])
    return total / TICKS
