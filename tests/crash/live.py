"""Live hardware as the load: a UPS that goes on battery and back again and again, read by the reader's own driver.

What a dead reader did not see is not known, so no recording is the oracle. A state of the UPS lasts until it has been
read ``READS`` times over ``DWELL_S``: so every outage must be an event, once, and so must every return of the mains.
Beyond these: the processor's outbox keeps every row here, and each event in it must be in the history once.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from shared.kinds import KINDS
from shared.ledger.way import held_sign
from tests.crash.verdict import Verdict
from tools.bench.upsd import ON_BATTERY, ON_MAINS, Upsd

READS = 10
DWELL_S = 8.0
INTERVAL_S = 0.5
COMMITS_S = 2.0  # in which a store that is asked has committed what it holds open, or it will be asked again
WITNESS = "witness"  # a consumer that never comes: for it every row stays
LOST, RESTORED = "AC_POWER_LOSS", "AC_POWER_RESTORED"


@dataclass
class Mains:
    """The UPS's view of the mains. ``outages`` counts those that began."""

    outages: int = 0
    reads: int = 0
    since: float = 0.0
    on: bool = True
    stays_on: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.since = time.monotonic()

    def variables(self) -> Mapping[str, str]:
        """Return what the UPS shows; it may change before it is asked again."""
        with self._lock:
            shown = ON_MAINS if self.on else ON_BATTERY
            self.reads += 1
            lasted = self.reads >= READS and time.monotonic() - self.since >= DWELL_S
            if lasted and not (self.on and self.stays_on):
                self.on = not self.on
                self.outages += not self.on
                self.reads, self.since = 0, time.monotonic()
            return shown

    @property
    def settled(self) -> bool:
        """Whether the mains are back for good, and were seen to be."""
        return self.stays_on and self.on and self.reads >= READS and time.monotonic() - self.since >= DWELL_S


class Source:
    """The UPS and its server."""

    def __init__(self) -> None:
        self.mains = Mains()
        self._upsd = Upsd(self.mains.variables)

    def environ(self) -> dict[str, str]:
        """Return the settings that make it the load."""
        waits_for = {"event": [*KINDS["event"].consumers, WITNESS]}
        return {**self._upsd.environ(INTERVAL_S), "UPSKEEP_SUITE__DELIVERY__CONSUMERS": json.dumps(waits_for)}

    def close(self) -> None:
        """End the server."""
        self._upsd.close()


def settle(source: Source, data: Path, patience_s: float, look: Callable[[float], None]) -> Verdict:
    """Wait for the mains, and until everything is counted; return what is and what is not."""
    source.mains.stays_on = True
    deadline = time.monotonic() + patience_s
    verdict = judge(source.mains.outages, data)
    while time.monotonic() < deadline and not (source.mains.settled and _is_good(verdict)):
        look(1.0)
        verdict = judge(source.mains.outages, data)
    return verdict


def _is_good(verdict: Verdict) -> bool:
    return not (verdict.lost or verdict.duplicated or verdict.differences)


def judge(outages: int, data: Path) -> Verdict:
    """Compare the store's history with the processor's outbox, and both with what the UPS did."""
    if not all((data / name / "ledger.sqlite").exists() for name in ("event_processor", "counter_store")):
        return Verdict(0, 0, 0, 0, ["a service has never come to make its ledger"])
    with held_sign(data / "counter_store" / "ledger.sqlite"):
        time.sleep(COMMITS_S)
    with _open(data, "event_processor") as db:
        rows = [json.loads(row[0]) for row in db.execute("SELECT payload FROM outbox WHERE stream = 'event'")]
    with _open(data, "counter_store") as db:
        stored = Counter(str(row[0]) for row in db.execute("SELECT id FROM event"))
        totals = {str(kind): int(total) for kind, total in db.execute("SELECT type, total FROM counter")}
    emitted = Counter(str(row["id"]) for row in rows)
    lost = sum((emitted - stored).values())
    duplicated = sum((stored - emitted).values()) + max(0, sum(totals.values()) - sum(stored.values()))
    verdict = Verdict(sum(emitted.values()), sum(totals.values()), lost, duplicated)
    for kind in (LOST, RESTORED):
        if totals.get(kind, 0) != outages:
            verdict.differences.append(f"{kind}: {outages} outages, and {totals.get(kind, 0)} counted")
    return verdict


def _open(data: Path, service: str) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"file:{data / service / 'ledger.sqlite'}?mode=ro", uri=True, timeout=30))
