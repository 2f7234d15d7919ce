"""The table of docs/health.md: the health after each golden scenario, by both formulas. Prints it when run.

``python -m tests.support.health_table`` prints the rows to put into the page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.counter_store.core.health.formulas import FORMULAS
from services.counter_store.core.policy import StorePolicy
from services.counter_store.service import LEDGER_SCHEMA
from services.counter_store.settings import load
from shared.health import Health
from shared.ledger import Ledger
from shared.messages import Event, event_id
from tests.support.store_bench import StoreBench
from tests.support.store_messages import START

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "events"
PAGE = ROOT / "docs" / "health.md"
DAY = timedelta(days=1)
HEAD = (
    "| scenario | at its end | a day later | by `seed` | what takes the points |",
    "|---|---|---|---|---|",
)


def rows() -> Iterator[str]:
    """Yield the lines of the table."""
    yield from HEAD
    for path in sorted(GOLDEN.glob("*.txt")):
        yield row(path)


def row(path: Path) -> str:
    """Return the line of one scenario."""
    events = list(read(path))
    end = max((event.time for event in events), default=START) + timedelta(seconds=1)
    now, later = health(events, [end, end + DAY], "standard")
    (seed,) = health(events, [end], "seed")
    factors = ", ".join(f"{one.type} {one.points}{' (lasts)' if one.lasts else ''}" for one in now.factors) or "nothing"
    return f"| {path.stem} | {words(now)} | {words(later)} | {words(seed)} | {factors} |"


def words(found: Health) -> str:
    """Return score and grade."""
    return f"{found.score} {found.grade.value}"


def health(events: list[Event], as_of: list[datetime], formula: str) -> list[Health]:
    """Return the health at each of these times after the events, in their order."""
    assert formula in FORMULAS
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as ledger:
        bench = StoreBench(ledger, replace(shipped(), health_formula=formula))
        found = []
        for number, time in enumerate(as_of):
            bench.batch(*(events if number == 0 else ()), until=(time - START).total_seconds())
            found.append(Health.model_validate(bench.ask("health", as_of=time.isoformat())))
        return found


@cache
def shipped() -> StorePolicy:
    return load(ROOT / "config", {}).policy


@cache
def catalogue() -> dict[str, Any]:
    entries: dict[str, Any] = yaml.safe_load((ROOT / "config" / "events.yaml").read_text(encoding="utf-8"))["events"]
    return entries


def read(path: Path) -> Iterator[Event]:
    """Yield the events of a golden file; severities are the shipped catalogue's."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        seconds, device, name, *_ = line.split(maxsplit=3)
        time = START + timedelta(seconds=float(seconds))
        entry = catalogue()[name]
        yield Event(
            id=event_id("home", name, device, time, str(number)),
            type=name,
            category=entry["category"],
            severity=entry["severity"],
            time=time,
            producer="event_processor",
            epoch="epoch",
            seq=number,
            site="home",
            device=device,
            data={},
        )


if __name__ == "__main__":
    sys.stdout.write("\n".join(rows()) + "\n")
