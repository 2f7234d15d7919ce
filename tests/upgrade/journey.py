"""A suite that is upgraded while a UPS fails and a program offers events, and what its ledgers hold then.

Rules:
1. The new version is installed while the old one runs; then the suite is stopped and started (docs/upgrade.md).
2. Nothing waits for the suite: the recording is at its frame, and the program offers an event each 0.1 s all along.
3. What is counted is held against what was read, emitted and offered, row by row, and not against a version's rules.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.ledger.migrations import Version, version_of_file
from shared.ledger.way import held_sign
from tests.crash.load import STEP_S, rows
from tests.support.brokers import MOSQUITTO, Broker, free_port
from tests.support.live_suite import APPLIED, HEAD, SERVICES, Live
from tests.upgrade.offers import COUNTED, IDS, Offers
from tests.upgrade.versions import Program

PACE = 200  # frames a second that the old version reads
OFFERED_BEFORE, OFFERED_AFTER = 5, 10
EVENTS = "SELECT id, type, time_us, producer, epoch, seq, data FROM event"
PUBLISHED = "SELECT max(head) FROM stream WHERE name = 'event'"
OUTAGE = "AC_POWER_LOSS"
KEPT_ALL = {
    "UPSKEEP_EVENT_COUNTERS__EVENT_COUNTERS__MAX_HISTORY_PER_EVENT": "100000000",
    "UPSKEEP_PIPELINE__MONITORING__HEALTH_EVERY_S": "0",
}


@dataclass
class Journey:
    """What came of it: figures, and every difference in words."""

    frames: int
    events_before: int = 0
    events: int = 0
    offered: int = 0
    offered_away: int = 0
    away_s: float = 0.0
    tables: dict[str, tuple[Version, Version]] = field(default_factory=dict)
    outages: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def migrated(self) -> bool:
        """Whether the new version has other tables."""
        return any(str(old) != str(new) for old, new in self.tables.values())


def travel(folder: Path, old: Program, switch: Callable[[], Program], frames: int) -> Journey:
    """Run the old version, switch to the new one, run that to the end of the recording."""
    found = Journey(frames)
    recording = folder / "load.csv"
    recording.write_text("\n".join(rows(1, frames)) + "\n", encoding="utf-8")
    broker = Broker(MOSQUITTO, free_port(), folder / "broker")
    broker.start()
    offers: Offers | None = None
    run = start(folder, old, broker, recording, PACE * STEP_S)
    try:
        run.until(lambda: run.figure("event_processor", APPLIED) > frames // 8, "an eighth of the frames is there")
        offers = Offers(broker.port)
        run.until(lambda: run.figure("counter_store", COUNTED) >= OFFERED_BEFORE, "offers are counted")
        new = switch()
        began, sent = time.monotonic(), offers.sent
        assert 0 == run.stop(), run.output()
        before = history(run.data)
        found.tables = {name: (version, version) for name, version in versions(run.data).items()}

        run = start(folder, new, broker, recording, "max")
        with held_sign(run.data / "counter_store" / "ledger.sqlite"):  # an event may wait for its commit (ADR 0063)
            run.until(lambda: run.figure("counter_store", COUNTED) > sent, "offers are counted again")
            found.away_s, found.offered_away = time.monotonic() - began, offers.sent - sent
            goes_on = offers.sent + OFFERED_AFTER
            run.until(lambda: run.figure("counter_store", COUNTED) >= goes_on, "offers go on being counted")
            offers.stop()
            run.until(lambda: settled(run, frames, offers.sent), "everything is counted")
        assert 0 == run.stop(), run.output()
    finally:
        run.stop()
        if offers is not None:
            offers.stop()
        broker.stop()
    found.tables = {name: (found.tables[name][0], now) for name, now in versions(run.data).items()}
    found.offered = offers.sent
    judge(found, run.data, before)
    return found


def start(folder: Path, program: Program, broker: Broker, recording: Path, speed: object) -> Live:
    """Start the suite of a version, from its own shipped configuration."""
    config = folder / "config"
    config.mkdir(exist_ok=True)
    (config / "suite.yaml").write_text("defaults: shipped\n", encoding="utf-8")
    options = ("--source", f"recording:{recording}", "--speed", speed)
    environ = {**program.environ, **KEPT_ALL}
    url = broker.settings.url
    return Live(folder, *options, broker=url, config=config, environ=environ, program=program.upskeep)


def settled(run: Live, frames: int, offered: int) -> bool:
    """Whether every frame is read and applied, every offer counted, and every event of the processor applied."""
    return (
        run.figure("sensor_reader", HEAD) >= frames
        and run.figure("event_processor", APPLIED) >= frames
        and run.figure("counter_store", COUNTED) >= offered
        and run.figure("counter_store", "SELECT max(seq) FROM applied WHERE stream = 'event'")
        >= run.figure("event_processor", PUBLISHED)
    )


def judge(found: Journey, data: Path, before: dict[str, tuple[Any, ...]]) -> None:
    """Fill in what the store's ledger holds, and what differs."""
    after = history(data)
    found.events_before, found.events = len(before), len(after)
    changed = [each for each, row in before.items() if after.get(each) != row]
    found.differences += [f"{each} was counted before the upgrade, and is not as it was" for each in changed]
    numbers: dict[tuple[str, str], Counter[int]] = {}
    for _, _, _, producer, epoch, seq, _ in after.values():
        numbers.setdefault((producer, epoch), Counter())[seq] += 1
    for (producer, epoch), seen in numbers.items():
        missing = [seq for seq in range(1, max(seen) + 1) if seq not in seen]
        found.differences += [f"{producer}, {epoch}: event {seq} is not counted" for seq in missing]
    with closing(_read(data)) as db:
        offers = Counter(each for (each,) in db.execute(IDS))
        totals = dict(db.execute("SELECT type, total FROM counter").fetchall())
    wanted = {f"offer-{number}" for number in range(found.offered)}
    found.differences += [f"{each} was offered and is not counted" for each in sorted(wanted - offers.keys())]
    found.differences += [f"{each} is counted {times} times" for each, times in offers.items() if times > 1]
    counted = Counter(row[1] for row in after.values())
    for kind in sorted(counted.keys() | totals.keys()):
        if counted[kind] != totals.get(kind, 0):
            found.differences.append(f"{kind}: {counted[kind]} in the history, {totals.get(kind, 0)} counted")
    found.outages = sorted(each for each, row in after.items() if row[1] == OUTAGE)


def history(data: Path) -> dict[str, tuple[Any, ...]]:
    """Return every event of the store by its id."""
    with closing(_read(data)) as db:
        return {row[0]: row for row in db.execute(EVENTS)}


def outages_in(events: Path) -> list[str]:
    """Return the ids of the outages in a file of events."""
    with events.open(encoding="utf-8") as lines:
        return sorted(each["id"] for each in map(json.loads, lines) if each["type"] == OUTAGE)


def versions(data: Path) -> dict[str, Version]:
    """Return the version of each service's tables."""
    found = {name: version_of_file(data / name / "ledger.sqlite") for name in SERVICES}
    return {name: version for name, version in found.items() if version is not None}


def _read(data: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{(data / 'counter_store' / 'ledger.sqlite').absolute().as_uri()}?mode=ro", uri=True)
