"""``python -m tools.bench.flood``: 10,000 and 100,000 names, sent to each service's stage, each in its own process.

What a name costs must not grow with how many there are, and memory must end at the bounds of docs/bounds.md. The
stages are the services' own, over ledgers in memory; figures are CPU seconds of the process and its memory at most.
"""

from __future__ import annotations

import json
import logging
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from services.alerter.app import options
from services.alerter.configuration import read as read_alerter
from services.alerter.service import LEDGER_SCHEMA as ALERTER_SCHEMA
from services.alerter.service import Alerter
from services.counter_store.core.policy import StorePolicy
from services.counter_store.service import LEDGER_SCHEMA as STORE_SCHEMA
from services.counter_store.service import CounterStore
from services.counter_store.settings import CounterStoreSettings
from services.event_processor.adapters.ledger_schema import LEDGER_SCHEMA as PROCESSOR_SCHEMA
from services.event_processor.app import stamped
from services.event_processor.service import EventProcessor
from services.event_processor.settings.pipeline import load_plan
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.ledger import Ledger
from shared.messages import Candidate, Event, Frame, Message, Sequenced, Severity
from shared.suite import SuiteSettings
from tools.bench.flood_followers import FLOODS as FOLLOWERS

CONFIG = Path(__file__).resolve().parents[2] / "config"
START = datetime(2026, 1, 1, tzinfo=UTC)
BATCH, FEW, MANY = 500, 10_000, 100_000
NOTHING: Mapping[str, str] = MappingProxyType({})
Take = Callable[[int], None]


class Nowhere:
    """A Publisher that keeps nothing, so that only the message handler's memory is measured."""

    def emit(self, message: Sequenced) -> None:
        """Let it go."""

    def retain(self, message: Message) -> None:
        """Let it go."""

    def publish_replaced(self, message: Message) -> None:
        """Let it go."""

    def clear(self, kind: str, *parts: str) -> None:
        """Let it go."""

    def reject(self, received_on: str, payload: bytes, reason: str) -> None:
        """Let it go."""


def at(number: int) -> datetime:
    """Return the time of a message: a hundred a second."""
    return START + timedelta(milliseconds=10 * number)


def event(number: int, event_type: str, device: str) -> Event:
    """Return an event as the processor sends it."""
    return Event(
        producer="event_processor", epoch="e", seq=number + 1, id=f"id-{number}", type=event_type, category="device",
        severity=Severity.ERROR, time=at(number), site="home", device=device, data={"code": "x"},
    )  # fmt: skip


def fed(ledger: Ledger, count: int, take: Take, flush: Callable[[], None]) -> None:
    """Apply ``count`` messages in batches."""
    for first in range(0, count, BATCH):
        with ledger.transaction():
            for number in range(first, min(first + BATCH, count)):
                take(number)
            flush()


def processor(count: int, what: str) -> None:
    """Frames of devices of many readers, or offers of devices or types."""
    plan = stamped(load_plan(CONFIG, NOTHING))
    with closing(Ledger(":memory:", PROCESSOR_SCHEMA)) as ledger:
        stage = EventProcessor(plan.compiled, ledger, Nowhere(), lambda: at(count), plan)

        def frame(number: int) -> None:
            values = {"battery_voltage": 3.9, "ac_present": number % 2 == 0}
            reader, device = f"sensor_reader-{number % 60}", f"d{number}"
            stage.apply(
                Frame(producer=reader, epoch="e", seq=number + 1, time=at(number), device=device, values=values)
            )

        def offer(number: int) -> None:
            kind, device = ("AC_POWER_LOSS", f"d{number}") if what == "offered devices" else (f"x.{number}", "ups")
            candidate = Candidate(type=kind, id=f"i{number}", time=at(number), device=device)
            stage.offer("nodered", candidate, "ingest/nodered", b"{}")

        fed(ledger, count, frame if what == "devices" else offer, stage.flush)


def store(count: int, what: str) -> None:
    """Events of devices, or of types."""
    with closing(Ledger(":memory:", STORE_SCHEMA)) as ledger:
        stage = CounterStore(CounterStoreSettings(), ledger, Nowhere(), site="home", policy=StorePolicy())

        def take(number: int) -> None:
            kind, device = ("device.error", f"d{number}") if what == "devices" else (f"x.{number}", "ups")
            stage.apply(event(number, kind, device))

        def flush() -> None:
            stage.advance(at(count))
            stage.flush()

        fed(ledger, count, take, flush)


def alerter(count: int, what: str) -> None:
    """Keys of alerts that fire: each device fails six times within ten minutes."""
    settings = read_alerter(Context(CONFIG, NOTHING, SuiteSettings(), SYSTEM_CLOCK))
    with closing(Ledger(":memory:", ALERTER_SCHEMA)) as ledger:
        how = options(settings, by_events=True)
        stage = Alerter(settings.rules(), ledger, Nowhere(), how)
        stage.announce()

        def take(number: int) -> None:
            for again in range(6):
                kind = "device.error" if what == "alert keys" else f"x.{number}"
                stage.apply(event(number, kind, f"d{number}").model_copy(update={"id": f"{number}/{again}"}))

        fed(ledger, count, take, stage.flush)


FLOODS: Mapping[str, tuple[Callable[[int, str], None], str]] = {
    "event_processor, devices": (processor, "devices"),
    "event_processor, offered devices": (processor, "offered devices"),
    "event_processor, offered types": (processor, "offered types"),
    "counter_store, devices": (store, "devices"),
    "counter_store, types": (store, "types"),
    "alerter, alert keys": (alerter, "alert keys"),
    "alerter, types": (alerter, "types"),
    **FOLLOWERS,
}


def measured(name: str, count: int) -> tuple[float, float]:
    """Return CPU seconds and MB at most of a flood in a process of its own."""
    command = [sys.executable, "-m", "tools.bench.flood", name, str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very program
    cpu_s, most_mb = json.loads(done.stdout)
    return cpu_s, most_mb


def main() -> None:
    """Print a row of a table for each flood; with a name and a number, flood once and print what it took."""
    if len(sys.argv) == 3 and sys.argv[2].isdecimal():
        logging.disable(logging.CRITICAL)
        flood, what = FLOODS[sys.argv[1]]
        flood(0, what)  # the modules and settings that any number needs
        began = time.process_time()
        flood(int(sys.argv[2]), what)
        most_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps([time.process_time() - began, most_kb / 1024]))
        return
    print(f"| flood of | CPU s, {FEW:,} | {MANY:,} | ratio | MB, {FEW:,} | {MANY:,} |\n|---|---|---|---|---|---|")
    for name in FLOODS if len(sys.argv) == 1 else sys.argv[1:]:
        (few_s, few_mb), (many_s, many_mb) = (measured(name, count) for count in (FEW, MANY))
        print(
            f"| {name} | {few_s:.1f} | {many_s:.1f} | {many_s / few_s:.1f} | {few_mb:.0f} | {many_mb:.0f} |", flush=True
        )


if __name__ == "__main__":
    main()
