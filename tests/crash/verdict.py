"""What came of a run against what should have: ids, counters and alerts, from the store's ledger and a backtest."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from upskeep.outcome import OF_THE_SUITE, Outcome
from upskeep.playback.backtest import backtest

AGGREGATED = "SELECT type, hour, sum(count) FROM hourly JOIN series ON series.id = hourly.series GROUP BY type, hour"
RECOUNTED = "SELECT type, time_us / 3600000000, count(*) FROM event GROUP BY 1, 2"


@dataclass
class Verdict:
    """The figures of the line that is printed, and every difference in words."""

    produced: int
    counted: int
    lost: int
    duplicated: int
    differences: list[str] = field(default_factory=list)


def oracle(recording: Path, config: Path, out: Path) -> tuple[Outcome, Counter[str]]:
    """Return what the recording comes to without any wire, and the multiset of its event ids."""
    outcome = backtest([recording], config, os.environ, out)
    with out.open(encoding="utf-8") as lines:
        return outcome, Counter(json.loads(line)["id"] for line in lines)


def judge_good(expected: Outcome, ids: Counter[str], data: Path, deaths: list[str]) -> Verdict:
    """Compare the good load alone with its oracle, where a neighbour's offers have made events too."""
    ledger = data / "counter_store" / "ledger.sqlite"
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        stored = Counter(row[0] for row in db.execute("SELECT id FROM event") if row[0] in ids)
        totals = dict(db.execute("SELECT type, total FROM counter"))
    wanted = {kind: count for kind, count in expected.as_dict()["events"].items() if kind not in OF_THE_SUITE}
    beyond = sum(max(0, totals.get(kind, 0) - count) for kind, count in wanted.items())
    lost, duplicated = sum((ids - stored).values()), sum((stored - ids).values()) + beyond
    return Verdict(sum(ids.values()), sum(stored.values()), lost, duplicated, list(deaths))


def judge(expected: Outcome, ids: Counter[str], found: Outcome, data: Path) -> Verdict:
    """Compare a run with its oracle."""
    ledger = data / "counter_store" / "ledger.sqlite"
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        stored = Counter(row[0] for row in db.execute("SELECT id, type FROM event") if row[1] not in OF_THE_SUITE)
        totals = {
            kind: total for kind, total in db.execute("SELECT type, total FROM counter") if kind not in OF_THE_SUITE
        }
        by_hour = sorted(db.execute(AGGREGATED)), sorted(db.execute(RECOUNTED))
    wanted, got = expected.as_dict(), found.as_dict()
    lost = sum((ids - stored).values())
    counted = sum(totals.values())
    duplicated = sum((stored - ids).values()) + max(0, counted - sum(stored.values()))
    verdict = Verdict(sum(ids.values()), counted, lost, duplicated)
    for name in ("frames", "events", "counters", "alerts", "first_time", "last_time"):
        if wanted[name] != got[name]:
            verdict.differences.append(f"{name}: expected {wanted[name]!r}, got {got[name]!r}")
    if by_hour[0] != by_hour[1]:
        verdict.differences.append(f"hourly counts: recounted {by_hour[1]!r}, aggregated {by_hour[0]!r}")
    if totals != wanted["events"]:
        verdict.differences.append(f"ledger totals: expected {wanted['events']!r}, got {totals!r}")
    return verdict
