"""A loop under control within ``make crash``: controller and supervisor over simulated actuators, killed with the rest.

Its events have no recording to be compared with. Their producers' ledgers are the oracle: their stream also waits for a
``WITNESS`` that never comes, so no row of it is ever deleted. Each is in the history once, nothing else of theirs is,
and the counters say the same.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from shared.kinds import KINDS
from shared.messages import DeviceState, Quality
from shared.mqtt import Publication
from shared.suite import SuiteSettings
from tests.support.climate_processes import LEASE_S, SAFE, House, configure

SERVICES = ("climate_controller", "climate_supervisor")
WITNESS = "crash_witness"
ORDER_S = 3.0
SLACK_S = 6.0
OFFERED = "SELECT json_extract(payload, '$.type'), json_extract(payload, '$.id') FROM outbox WHERE stream = 'offer'"
COUNTED = (
    "SELECT type, json_extract(metadata, '$.offer') FROM event WHERE json_extract(metadata, '$.offered_by') IN (?, ?)"
)


def environ(folder: Path) -> dict[str, str]:
    """Return the settings of a tent in the mode Manual, to be laid over the shipped files."""
    configure(folder)
    waits_for = {"offer": [*KINDS["offer"].consumers, WITNESS]}
    found = {"UPSKEEP_SUITE__DELIVERY__CONSUMERS": json.dumps(waits_for)}
    for name, keys in (("actuators", ("enabled", "armed", "tick_s", "zones", "actuators")), ("climate", ("zones",))):
        content = yaml.safe_load((folder / "config" / f"{name}.yaml").read_text(encoding="utf-8"))
        found |= {f"UPSKEEP_{name}__{key}".upper(): json.dumps(content[key]) for key in keys}
    return found


class Loop(House):
    """The tent in a suite that is whole: it leaves the suite's own messages alone, and goes on giving orders."""

    def __init__(self, suite: SuiteSettings) -> None:
        super().__init__(suite)
        self._orders, self._due_s = 0, 0.0
        self.ordering = True

    def start(self) -> None:
        """Begin."""
        self.__enter__()

    def stop(self) -> None:
        """End."""
        self.__exit__()

    def _speak(self) -> None:
        wobble = 0.01 * (int(time.monotonic() * 2) % 7)
        values = {"air_temperature": 22.0 + wobble, "relative_humidity": 60.0 + wobble, "co2": 500 + wobble}
        state = DeviceState(device="air", time=datetime.now(UTC), quality=Quality.GOOD, values=values)
        self.client.publish(Publication(state.topic(self.topics), state.model_dump_json(exclude_none=True).encode()))
        for device in self.devices.values():
            self._say((device.report(),))
        if self.ordering and time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + ORDER_S
            self._orders += 1
            levels = {"heater": float(self._orders % 2), "fan": 0.1 * (self._orders % 10)}
            self.order("climate_controller", "levels", f"crash-{self._orders}", zone="tent", levels=levels)


def safe_within_their_lease(loop: Loop) -> str:
    """Return what is wrong with the actuators once nobody renews a lease; empty where every one is safe in time."""
    deadline = time.monotonic() + LEASE_S + SLACK_S
    while loop.levels != SAFE:
        if time.monotonic() > deadline:
            return f"actuators: {loop.levels} after {LEASE_S + SLACK_S:g} s without a supervisor; safe is {SAFE}"
        time.sleep(0.05)
    return ""


def offered(data: Path) -> Counter[tuple[str, str]]:
    """Return what both have ever offered, as (type, id)."""
    found: Counter[tuple[str, str]] = Counter()
    for name in SERVICES:
        with closing(sqlite3.connect(f"file:{data / name / 'ledger.sqlite'}?mode=ro", uri=True)) as db:
            found.update(map(tuple, db.execute(OFFERED)))
    return found


@dataclass(frozen=True, slots=True)
class Judged:
    """How many events were offered and counted, and what differs."""

    offered: int
    counted: int
    lost: int
    duplicated: int
    differences: list[str]


def judge(data: Path) -> Judged:
    """Hold the history and the counters against what was offered."""
    offers, ledger = offered(data), data / "counter_store" / "ledger.sqlite"
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        stored: Counter[tuple[str, str]] = Counter(map(tuple, db.execute(COUNTED, SERVICES)))
        totals = dict(db.execute("SELECT type, total FROM counter"))
        types = dict(db.execute("SELECT type, count(*) FROM event GROUP BY type"))
    missing, surplus = offers - stored, stored - offers
    differences = [f"climate: {kind} {each} was offered and is not counted" for kind, each in sorted(missing)]
    differences += [f"climate: {kind} {each} is counted, more often than offered" for kind, each in sorted(surplus)]
    differences += [
        f"climate: {kind}: {count} in the history, {totals.get(kind, 0)} counted"
        for kind, count in types.items()
        if kind in {each for each, _ in stored} and count != totals.get(kind, 0)
    ]
    differences += [] if offers else ["climate: nothing was offered"]
    return Judged(offers.total(), stored.total(), missing.total(), surplus.total(), differences)


def settled(data: Path, seconds: float, look: Callable[[float], None]) -> Judged:
    """Let time pass until nothing differs; returns how it is then, or after ``seconds``."""
    deadline = time.monotonic() + seconds
    while (found := judge(data)).differences and time.monotonic() < deadline:
        look(0.3)
    return found
