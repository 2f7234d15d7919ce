"""What a raw frame costs at the centre: CPU of a worker's own process and of its PostgreSQL backend, without Kafka.

A batch holds so many frames of each device, one device a site. The same frames through the rules alone stand beside it:
what is more is reading the record, keeping the memory, and the statements.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fleet.core.central import CentralRules, of_site, ready
from fleet.core.reading import Arrival
from fleet.store import schema
from fleet.store.batches import Batch, Batches, Policy, Position
from fleet.store.connection import connect
from services.event_processor.core.device.memory import NOTHING, Memory
from services.event_processor.core.pipeline.plan import PipelinePlan
from services.event_processor.core.process import process_frame
from services.event_processor.settings.pipeline import load_plan
from shared.messages import Frame, Scalar
from shared.shipped import SHIPPED_CONFIG
from shared.site_records import encode, raw_record
from tools.bench.core import SCENES, START
from tools.bench.fleet_database import own_database

ROWS = ((100, 40), (400, 10), (4_000, 1))  # sites, frames of each in a batch
BATCHES = 4
TICKS = os.sysconf("SC_CLK_TCK")
HEAD = f"{'sites':>7} {'frames of a device':>19} {'CPU a frame, µs: rules':>23} {'worker':>7} {'PostgreSQL':>11}"


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU µs a frame."""

    rules: float
    worker: float
    postgres: float


def measure(url: str, echo: Callable[[str], None], scene: str = "ups on battery") -> None:
    """Measure each row in a database of its own at that server, and print it."""
    plan = ready(load_plan(SHIPPED_CONFIG, {}))
    echo(HEAD)
    for sites, run in ROWS:
        cost = _measured(url, plan, _frames(scene, sites, run), sites * run)
        echo(f"{sites:>7,} {run:>19} {cost.rules:>23.0f} {cost.worker:>7.0f} {cost.postgres:>11.0f}")


def _frames(scene: str, sites: int, run: int) -> list[tuple[str, Frame]]:
    values = SCENES[scene]
    return [
        (f"hut-{site}", _frame(batch * run + place, values(batch * run + place)))
        for batch in range(BATCHES)
        for site in range(sites)
        for place in range(run)
    ]


def _frame(index: int, values: Mapping[str, Scalar]) -> Frame:
    place = {"producer": "sensor_reader", "epoch": "e1", "seq": index + 1}
    return Frame(time=START + timedelta(seconds=10 * index), device="ups", values=dict(values), **place)


def _measured(url: str, plan: PipelinePlan, frames: Sequence[tuple[str, Frame]], size: int) -> Cost:
    rules_s = _rules_s(plan, frames)
    log = [Arrival(0, at, *encode(raw_record(*each))) for at, each in enumerate(frames)]
    now = START + timedelta(days=1)
    with own_database(url) as own, connect(own, by_key=True) as connection:
        schema.migrate(connection)
        policy = Policy({}, frozenset(), 400, central=CentralRules(lambda site: of_site(plan, site)))
        store = Batches(connection, "t", policy)
        claim = store.claim([0], "bench", now)[0]
        backend = connection.info.backend_pid
        began, theirs = time.process_time(), _cpu_s(backend)
        for part, end in _parts(log, size):
            store.commit(Batch(part, {0: Position(claim.generation, end)}), now)
            if end == size:  # the first batch adds sites, devices and months
                began, theirs = time.process_time(), _cpu_s(backend)
        worker_s, postgres_s = time.process_time() - began, _cpu_s(backend) - theirs
    counted = len(log) - size
    return Cost(rules_s / len(log) * 1e6, worker_s / counted * 1e6, postgres_s / counted * 1e6)


def _parts(log: Sequence[Arrival], size: int) -> Iterator[tuple[Sequence[Arrival], int]]:
    for at in range(0, len(log), size):
        yield log[at : at + size], at + size


def _rules_s(plan: PipelinePlan, frames: Sequence[tuple[str, Frame]]) -> float:
    memories: dict[str, Memory] = {}
    began = time.process_time()
    for site, frame in frames:
        memories[site] = process_frame(plan.compiled, memories.get(site, NOTHING), frame).memory
    return time.process_time() - began


def _cpu_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS
