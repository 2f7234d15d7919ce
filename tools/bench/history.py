"""``python -m tools.bench --history N``: a year of N events counted, asked, exported, pruned; time, memory, bytes.

The store's own stage over a ledger on disk, fed in batches as delivery feeds it, without a wire. The year: sensors that
report every few minutes, outages with their ends, a faulty bus, each on ``DEVICES`` devices. Bytes are what the process
hands to write(2): the write-ahead log, and its way back into the file. Memory is the most since the step before.

It fails where an answer takes more than ``ANSWER_S`` of a processor, or any step more than ``MEMORY_MB``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, cast

from services.counter_store.adapters.reports.formats import FORMATS
from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.reports.report import DetailedReport
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings
from shared.delivery.handler import InMemoryPublisher
from shared.event_counters import ReportFormat
from shared.ledger import Ledger
from shared.messages import Event, Severity, event_id
from shared.requests import Command
from upskeep.transfer.importer import BATCH as IMPORT_BATCH
from upskeep.transfer.readers import Source
from upskeep.transfer.rows import history
from upskeep.transfer.writers import write_rows

START = datetime(2025, 1, 1, tzinfo=UTC)
YEAR_S = 365 * 86_400
BATCH = 500
DEVICES = 11  # of each kind: nearly every event is alone in its hour
ANSWER_S = 1.0
MEMORY_MB = 256
# type, category, severity, device, share of all events
KINDS = (
    ("sensor.temperature", "sensor", Severity.INFO, "tent", 0.30),
    ("sensor.humidity", "sensor", Severity.INFO, "tent", 0.30),
    ("sensor.vpd", "sensor", Severity.INFO, "tent", 0.20),
    ("sensor.co2", "sensor", Severity.INFO, "room", 0.15),
    ("I2C_ERROR", "system", Severity.ERROR, "ups", 0.03),
    ("AC_POWER_LOSS", "power", Severity.WARNING, "ups", 0.005),
    ("AC_POWER_RESTORED", "power", Severity.INFO, "ups", 0.005),
    ("BATTERY_LOW", "battery", Severity.WARNING, "ups", 0.005),
    ("BATTERY_CRITICAL", "battery", Severity.CRITICAL, "ups", 0.005),
)
ENDED_BY = {"AC_POWER_LOSS": ("AC_POWER_RESTORED",)}
QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("counters", {}),
    ("statistics", {"days": 365}),
    ("health", {}),
    ("history", {"limit": 500}),
    ("history", {"device": "ups-0", "severities": ["critical"], "limit": 500}),
    ("report", {"kind": "summary", "days": 365}),
    ("report", {"kind": "detailed", "days": 365}),
    ("report", {"kind": "trends", "days": 365}),
    ("report", {"kind": "detailed", "days": 7}),
    ("frequency", {"days": 366, "hours": 744}),
    ("failures", {"days": 365}),
    ("anomalies", {"hours": 168}),
    ("performance", {}),
)


class BenchError(AssertionError):
    """A bound was passed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How long a question took, the slower of two tries, how much of a processor, and how long its answer is."""

    name: str
    seconds: float
    cpu_s: float
    size: int

    def __str__(self) -> str:
        return f"  {self.seconds * 1000:7.0f} ms {self.cpu_s * 1000:7.0f} ms CPU {self.size:>9,} bytes  {self.name}"


def year(events: int) -> Iterator[Event]:
    """Yield a year of about ``events`` events in the order of their times."""
    slots = [kind for kind in KINDS for _ in range(round(kind[4] * 1000))]
    for index in range(events):
        event_type, category, severity, kind, _ = slots[(index * 617) % len(slots)]  # 617: no slot comes in a row
        device = f"{kind}-{index % DEVICES}"
        at = START + timedelta(seconds=index * YEAR_S / events)
        yield Event(
            producer="event_processor",
            epoch="bench",
            seq=index + 1,
            site="home",
            time=at,
            id=event_id("home", event_type, device, at, str(index)),
            type=event_type,
            category=category,
            severity=severity,
            device=device,
            data={"value": index % 100, "quality": "good", "errors": [{"code": "nack", "chip": "0x36"}]},
        )


class Bench:
    """A store over a ledger in ``folder``."""

    def __init__(self, folder: Path, policy: StorePolicy) -> None:
        self.ledger = Ledger(folder / "ledger.sqlite", LEDGER_SCHEMA)
        began = time.perf_counter()
        settings = CounterStoreSettings()
        self.store = CounterStore(settings, self.ledger, InMemoryPublisher(), site="home", policy=policy)
        self.opened_s = time.perf_counter() - began

    def load(self, events: int, batch: int = BATCH) -> tuple[float, float]:
        """Count a year; returns events a second and bytes written an event."""
        began, before, done = time.perf_counter(), _written(), 0
        coming = year(events)
        while each := tuple(islice(coming, batch)):
            done += len(each)
            self.turn(*each)
        return done / (time.perf_counter() - began), (_written() - before) / done

    def turn(self, *events: Event) -> None:
        """One batch, as delivery makes it."""
        with self.ledger.transaction():
            for event in events:
                self.store.apply(event)
            if events:
                self.store.advance(events[-1].time)
            self.store.flush()

    def ask(self, name: str, data: dict[str, Any]) -> Asked:
        """Ask a question twice and return the slower answer's figures."""
        taken, used = [], []
        for _ in range(2):
            began, cpu = time.perf_counter(), time.process_time()
            answer = json.dumps(self.store.answer(name, data))
            taken.append(time.perf_counter() - began)
            used.append(time.process_time() - cpu)
        label = " ".join([name, *(f"{key}={value}" for key, value in data.items())])
        return Asked(label, max(taken), max(used), len(answer))

    def prune(self) -> tuple[int, float, float, float]:
        """Let batches without events pass until nothing is left to prune: rows gone, seconds, CPU, longest batch."""
        before, began, longest = self.store.figures()["history"], time.perf_counter(), 0.0
        cpu = time.process_time()
        gone = -1
        while gone:
            held = self.store.figures()["history"]
            for _ in KINDS:
                turned = time.perf_counter()
                self.turn()
                longest = max(longest, time.perf_counter() - turned)
            gone = int(held) - int(self.store.figures()["history"])
        gone = int(before) - int(self.store.figures()["history"])
        return gone, time.perf_counter() - began, time.process_time() - cpu, longest


def export(bench: Bench, folder: Path, say: Callable[[str], None]) -> None:
    """Export the whole history in each format as the command does, without the wire, and count the lines again."""

    def ask(name: str, data: Mapping[str, Any]) -> Any:
        return json.loads(json.dumps(bench.store.answer(name, data)))

    for form in ("jsonl", "csv", "json", "parquet"):
        file = folder / f"export.{form}"
        began, cpu = time.perf_counter(), time.process_time()
        written = write_rows(file, form, "history", history(ask, {}), lambda: None)
        took, used = time.perf_counter() - began, time.process_time() - cpu
        size, read = file.stat().st_size / 1e6, sum(1 for _ in Source(file, form).rows())
        if read != written:
            raise AssertionError(f"{file} holds {read} events, {written} were written")
        wrote = f"{took:.1f} s to write ({used:.1f} s CPU), {size:,.0f} MB"
        say(f"exported {written:,} events as {form} and read again: {wrote}; {memory()}")
        file.unlink()
    for form in ("html", "csv"):
        began = time.perf_counter()
        found = DetailedReport.model_validate(ask("report", {"kind": "detailed", "days": 365}))
        text = FORMATS[cast("ReportFormat", form)][1](found)
        say(f"a year's report as {form}: {time.perf_counter() - began:.2f} s, {len(text):,} bytes")


def take_in(events: int, folder: Path, say: Callable[[str], None]) -> None:
    """Import a tenth as many events into a store of its own, and again."""
    with closing(Ledger(folder / "import.sqlite", LEDGER_SCHEMA)) as ledger:
        store = CounterStore(CounterStoreSettings(), ledger, InMemoryPublisher(), site="home")
        for what in ("imported", "known when imported again"):
            began, done = time.perf_counter(), 0
            coming = year(events // 10)
            while batch := [json.loads(event.model_dump_json()) for event in islice(coming, IMPORT_BATCH)]:
                data = {"origin": "bench", "label": "bench", "events": batch}
                with ledger.transaction():
                    store.execute(Command(id=f"{what}{done}", target="counter_store", name="import", data=data))
                    store.flush()
                done += len(batch)
            say(f"{what}: {done:,} events, {done / (time.perf_counter() - began):,.0f}/s")


def measure(events: int, folder: Path, say: Callable[[str], None]) -> None:
    """Measure and print; raises BenchError if a bound is exceeded."""
    policy = StorePolicy(history_days=3650, history_per_type=events, ended_by=ENDED_BY)
    bench = Bench(folder, policy)
    with closing(bench.ledger):
        rate, size = bench.load(events)
        say(f"counted {events:,} events: {rate:,.0f}/s, {size:,.0f} bytes written an event in batches of {BATCH}")
        say(f"ledger {(folder / 'ledger.sqlite').stat().st_size / 1e6:,.0f} MB; {memory()}")
        for name, data in QUESTIONS:
            tell(bench.ask(name, data), say)
        say(f"asked; {memory()}")
        export(bench, folder, say)
    take_in(events, folder, say)
    say(f"imported; {memory()}")
    default = replace(StorePolicy(), ended_by=ENDED_BY)
    bench = Bench(folder, default)
    with closing(bench.ledger):
        gone, seconds, cpu, longest = bench.prune()
        say(f"opened again in {bench.opened_s:.2f} s")
        took = f"{seconds:.1f} s ({cpu:.1f} s CPU), a batch {longest * 1000:.1f} ms at most"
        say(f"pruned {gone:,} events in {took}; {memory()}")
        tell(bench.ask("report", {"kind": "detailed", "days": 365}), say)
    say(f"every answer took less than {ANSWER_S:g} s of a processor, and every step less than {MEMORY_MB} MB")


def tell(asked: Asked, say: Callable[[str], None]) -> None:
    """Say how long an answer took; raises BenchError if too long."""
    say(str(asked))
    if asked.cpu_s > ANSWER_S:
        raise BenchError(f"{asked.name} took {asked.cpu_s:.2f} s of a processor; {ANSWER_S:g} s is the most")


def memory() -> str:
    """Say how much memory the process had at most since it was asked last; raises BenchError if too much."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    used_mb = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # Linux 4.0 and later: begin anew
    if used_mb > MEMORY_MB:
        raise BenchError(f"{used_mb:,.0f} MB of memory; {MEMORY_MB} MB is the most")
    return f"{used_mb:,.0f} MB of memory"


def _written() -> int:
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines())
    return int(fields["wchar"])
