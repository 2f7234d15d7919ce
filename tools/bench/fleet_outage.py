"""A regional outage of many simulated sites: from its first record in the log to the last count, and to the alert."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

from fleet.settings import LogSettings
from fleet.simulation.log_writer import write
from fleet.simulation.oracle import expected
from fleet.simulation.scenarios import FLEET_SCENARIOS
from fleet.simulation.streams import entries, stories_of
from fleet.store.connection import Connection, connect
from shared.shipped import SHIPPED_CONFIG

DEADLINE_S = 300.0
COUNTED = "SELECT coalesce(sum(total), 0)::bigint FROM counts"
FIRING = "SELECT count(*) FROM fleet_alerts WHERE state = 'firing'"


def measure(log: LogSettings, database: str, sites: int) -> str:
    """Return in words how long it took; raises where a count is wrong."""
    scenario = FLEET_SCENARIOS["regional_outage"]
    begin = datetime.now(UTC) - timedelta(minutes=3)
    made = [*entries(stories_of(scenario, SHIPPED_CONFIG, {}), sites, 1, begin)]
    wanted = expected(each.value for each in made)
    with closing(connect(database)) as looking:
        write(log, made[:sites])
        _until(lambda: _one(looking, "SELECT count(*) FROM sites") == sites)
        began = time.perf_counter()
        write(log, made[sites:])
        in_log_s = time.perf_counter() - began
        _until(lambda: _one(looking, FIRING) == 1)
        alerted_s = time.perf_counter() - began
        _until(lambda: _one(looking, COUNTED) >= wanted.events)
        counted_s = time.perf_counter() - began
        counts = {(s, t): n for s, t, n in looking.execute("SELECT site, type, total FROM counts").fetchall()}
    if counts != wanted.counts:
        raise AssertionError("the counts are not those of the oracle")
    return (
        f"{len(made) - sites:,} records, {wanted.events:,} of them events: in the log after {in_log_s:.1f} s,"
        f" the alert fires after {alerted_s:.1f} s, all is counted after {counted_s:.1f} s; every count is the oracle's"
    )


def _until(holds: Callable[[], bool]) -> None:
    end = time.perf_counter() + DEADLINE_S
    while not holds():
        if time.perf_counter() > end:
            raise TimeoutError(f"not within {DEADLINE_S:.0f} s")
        time.sleep(0.05)


def _one(connection: Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0
