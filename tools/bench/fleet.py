"""``make bench ARGS="--fleet"``: events a second and CPU an event of the fleet's workers, by sites and workers.

It uses the Kafka and the PostgreSQL of ``config/fleet.yaml``, in topics and databases that it makes and leaves there.
First a backlog without the log (``fleet_batches``; raw frames: ``fleet_raw``). The load with it is what a regional
outage is: every site's three events, again and again, from a log that is full. Workers have their default settings.
Last, a regional outage of 10,000 simulated sites, from its first record in the log to the last count and the alert.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from fleet.settings import FleetSettings, read_fleet
from fleet.store import schema
from fleet.store.connection import connect
from shared.site_records import encode, event_record
from tools.bench import fleet_batches as batches
from tools.bench import fleet_outage as outage
from tools.bench import fleet_raw

SITES, WORKERS = (100, 1_000, 10_000), (1, 2, 3)
EVENTS, PARTITIONS = 300_000, 12
TICKS = os.sysconf("SC_CLK_TCK")
DEADLINE_S = 600.0
OUTAGE_SITES = 10_000
RULES = """rules: {share: {regional_outage: {type: AC_POWER_LOSS, share: 0.05, within_minutes: 10}}}
"""


def measure(config: Path, echo: Callable[[str], None]) -> None:
    """Measure every combination, and print a row for each."""
    settings = read_fleet(config, os.environ)
    echo("a backlog, without the log:")
    batches.measure(lambda: _database(settings, f"bench_{secrets.token_hex(4)}"), echo)
    echo("\nraw frames of sites that only read, without the log:")
    fleet_raw.measure(settings.database.url, echo)
    echo("\nwith the log:")
    echo(f"{'sites':>7} {'workers':>8} {'events/s':>9} {'CPU an event, µs: workers':>26} {'PostgreSQL':>11}")
    for sites in SITES:
        for workers in WORKERS:
            echo(_row(sites, workers, _run(settings, sites, workers)))
    echo(f"\na regional outage of {OUTAGE_SITES:,} sites, 2 workers:")
    with _fleet(settings, 2) as centre:
        echo(outage.measure(settings.log.model_copy(update={"topic": centre.topic}), centre.url, OUTAGE_SITES))


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment whose settings do not override those that a run writes for its workers."""
    return {name: value for name, value in environ.items() if not name.startswith("UPSKEEP_")}


def _row(sites: int, workers: int, figures: tuple[float, float, float]) -> str:
    per_s, ours_us, theirs_us = figures
    return f"{sites:>7,} {workers:>8} {per_s:>9,.0f} {ours_us:>26.0f} {theirs_us:>11.0f}"


def _run(settings: FleetSettings, sites: int, workers: int) -> tuple[float, float, float]:
    """Measure workers at a log that is full already."""
    with _fleet(settings, workers, lambda topic: _produce(settings.log.servers, topic, sites)) as centre:
        return _watch(centre.url, centre.pids)


@dataclass(frozen=True, slots=True)
class Running:
    """Workers at a topic and a database of their own."""

    topic: str
    url: str
    pids: list[int]


@contextmanager
def _fleet(settings: FleetSettings, workers: int, fill: Callable[[str], None] = lambda _: None) -> Iterator[Running]:
    name = f"bench_{secrets.token_hex(4)}"
    url = _database(settings, name)
    with connect(url) as made:
        schema.migrate(made)
    admin = AdminClient({"bootstrap.servers": settings.log.servers})
    for done in admin.create_topics([NewTopic(name, PARTITIONS, 1)]).values():
        done.result(60)
    fill(name)
    with TemporaryDirectory() as folder, ExitStack() as running:
        log = f"log: {{servers: '{settings.log.servers}', topic: {name}, group: {name}}}"
        text = f"{log}\ndatabase: {{url: '{url}'}}\n{RULES}"
        Path(folder, "fleet.yaml").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "upskeep", "fleet", "worker", "--config", folder, "--name"]
        environ = without_settings(os.environ)
        started = [
            subprocess.Popen([*command, f"w{n}"], stderr=subprocess.DEVNULL, env=environ)  # noqa: S603
            for n in range(workers)
        ]
        for process in started:
            running.callback(process.wait)
            running.callback(process.terminate)
        yield Running(name, url, [process.pid for process in started])


def _database(settings: FleetSettings, name: str) -> str:
    """Make a database; returns its URL."""
    with connect(settings.database.url) as made:
        made.execute(f"CREATE DATABASE {name}".encode())
        return re.sub(rf"/{made.info.dbname}(?=$|\?)", f"/{name}", settings.database.url)


def _watch(url: str, pids: list[int]) -> tuple[float, float, float]:
    """From the first thousand events on, when every worker has started, to the last."""
    with connect(url) as looking:
        first = _counted(looking, 1_000)
        began, ours, theirs = time.perf_counter(), _cpu(pids), _cpu(_postgres())
        _counted(looking, EVENTS)
        took = time.perf_counter() - began
    counted = EVENTS - first
    worked, stored = _cpu(pids) - ours, _cpu(_postgres()) - theirs
    return counted / took, worked / counted * 1e6, stored / counted * 1e6


def _counted(connection: object, least: int) -> int:
    end = time.perf_counter() + DEADLINE_S
    while time.perf_counter() < end:
        row = connection.execute("SELECT coalesce(sum(records), 0)::bigint FROM log_positions").fetchone()  # type: ignore[attr-defined]
        if row[0] >= least:
            return int(row[0])
        time.sleep(0.05)
    raise TimeoutError(f"{least} events are not counted after {DEADLINE_S:.0f} s")


def _produce(servers: str, topic: str, sites: int) -> None:
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 20, "queue.buffering.max.messages": EVENTS})
    for at in range(EVENTS):
        turn, site = divmod(at, sites)
        key, value = encode(event_record(batches.event(f"hut-{site}", turn + 1)))
        producer.produce(topic, key=key, value=value)
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
