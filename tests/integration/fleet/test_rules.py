"""The rules over many sites in the database: judged by one, and the same in whatever order events come."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from fleet.settings import RulesSettings, RuntimeRule, ShareRule, SilentRule
from fleet.store import rule_store, schema, upkeep
from fleet.store.batches import Batch, Batches, Policy, Position
from fleet.store.connection import Connection, connect
from shared.messages import Severity
from shared.site_records import SiteRecord
from tests.support.fleet_records import BEGIN, arrivals, event, state
from tests.support.fleet_workers import until

RULES = RulesSettings(
    share={
        "regional_outage": ShareRule(type="AC_POWER_LOSS", share=0.5, within_minutes=10, severity=Severity.CRITICAL)
    },
    silent={"sites_silent": SilentRule(hours=24)},
    runtime={"runtime_short": RuntimeRule(below_minutes=30, more_than=1)},
)
POLICY = Policy({}, frozenset({"AC_POWER_LOSS"}), 400)
LATER = BEGIN + timedelta(hours=2)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """A connection to a fresh database with its tables."""
    with connect(database) as made:
        schema.migrate(made)
        yield made


class Feed:
    """Commits records as a worker does, and judges after each batch where it is to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._batches = Batches(connection, "t", POLICY)
        self._claim = self._batches.claim([0], "one", BEGIN)[0]
        self._offset = 0

    def put(self, *records: SiteRecord, now: Any = LATER) -> None:
        """Commit a batch."""
        first, self._offset = self._offset, self._offset + len(records)
        arrived = arrivals([*records], 0, first)
        self._batches.commit(Batch(arrived, {0: Position(self._claim.generation, self._offset)}), now)


def _spells(connection: Connection) -> list[tuple[Any, ...]]:
    rows = connection.execute("SELECT rule, key, state, since, time, value FROM fleet_alerts ORDER BY since, rule")
    return [(rule, key, state, (since - BEGIN).total_seconds(), (time - BEGIN).total_seconds(), value)
            for rule, key, state, since, time, value in rows.fetchall()]  # fmt: skip


def _outage() -> list[SiteRecord]:
    """Six sites of a region; four lose mains within a minute, and two again after an hour."""
    records: list[SiteRecord] = [event(f"hut-{n}", 1, "SYSTEM_STARTUP", at_s=0) for n in range(6)]
    records += [event(f"hut-{n}", 2, at_s=100 + 10 * n) for n in range(4)]
    records += [event(f"hut-{n}", 3, at_s=3600 + n) for n in range(2)]
    return [*records, event("hut-5", 2, "SYSTEM_STARTUP", at_s=7000)]


@pytest.mark.parametrize("seed", range(4))
def test_a_regional_outage_is_the_same_alert_however_its_events_come(connection: Connection, seed: int) -> None:
    """In batches of two, judged after each, the sites in any order."""
    sites: dict[str, list[SiteRecord]] = {}
    for record in _outage():
        sites.setdefault(record.site, []).append(record)
    dice, feed = random.Random(seed), Feed(connection)  # noqa: S311 - an order, no secret
    feed.put(*(sites[site].pop(0) for site in [*sites]))
    while sites := {site: left for site, left in sites.items() if left}:
        feed.put(*(sites[site].pop(0) for site in dice.sample([*sites], min(2, len(sites)))))
        rule_store.judge(connection, RULES, LATER)

    assert [("regional_outage", "hut", "resolved", 130.0, 700.0, 0.5)] == _spells(connection)
    assert 0 == rule_store.judge(connection, RULES, LATER)


def test_sites_that_are_silent_are_one_alert_a_region(connection: Connection) -> None:
    """It ends when they are heard again."""
    feed = Feed(connection)
    feed.put(event("hut-1", 1), event("hut-2", 1), event("shop-1", 1))
    day = LATER + timedelta(hours=25)
    feed.put(event("hut-1", 2), now=day)
    assert 2 == rule_store.judge(connection, RULES, day)
    feed.put(event("hut-2", 2), now=day)
    assert 1 == rule_store.judge(connection, RULES, day + timedelta(seconds=2))

    assert [("hut", "resolved"), ("shop", "firing")] == [row[1:3] for row in sorted(_spells(connection))]


def test_batteries_that_end_at_many_sites_are_one_alert(connection: Connection) -> None:
    """Sites with mains, and with enough left, do not count."""
    feed = Feed(connection)
    sites = [state(f"hut-{n}", 1, power="battery", runtime_s=600 * n) for n in range(6)]
    feed.put(*sites, state("shop-1", 1, runtime_s=60))
    assert 1 == rule_store.judge(connection, RULES, LATER)
    assert [("runtime_short", "all", "firing", 3.0)] == [(*row[:3], row[5]) for row in _spells(connection)]

    feed.put(*(state(f"hut-{n}", 2) for n in range(3)))
    assert 1 == rule_store.judge(connection, RULES, LATER + timedelta(minutes=1))
    assert ["resolved"] == [row[2] for row in _spells(connection)]


def test_one_worker_looks_and_another_takes_over(connection: Connection, database: str) -> None:
    """When the first one's connection ends."""
    with connect(database) as first:
        assert rule_store.lead(first)
        assert not rule_store.lead(connection)
    until(lambda: rule_store.lead(connection), "PostgreSQL has ended the first one's session")


def test_devices_that_are_gone_are_forgotten_by_the_time_of_their_site(connection: Connection) -> None:
    """A site that plays old recordings keeps its own; so does one whose clock is ahead; one that is gone keeps none."""
    year = timedelta(days=400)
    for site, newest, heard, devices in (
        ("live", LATER, LATER, {"ups": LATER, "gone": LATER - year - timedelta(hours=1), "quiet": LATER - year}),
        ("old", BEGIN - 9 * year, LATER, {"ups": BEGIN - 9 * year, "gone": BEGIN - 11 * year}),
        ("ahead", LATER + 9 * year, LATER, {"ups": LATER, "clock": LATER + 9 * year}),
        ("dead", LATER - 2 * year, LATER - year - timedelta(hours=1), {"ups": LATER - 2 * year}),
    ):
        at = [site, heard, heard, newest]
        connection.execute(
            "INSERT INTO sites (site, region, first_heard, last_heard, last_time) VALUES (%s, '', %s, %s, %s)", at
        )
        for device, said_at in devices.items():
            row = [site, device, "sensor_reader", "{}", "", said_at, ""]
            connection.execute("INSERT INTO raw_devices VALUES (%s, %s, %s, %s, %s, %s, %s)", row)
    upkeep.keep_bounds(connection, 400, timedelta(days=31), LATER)

    kept = connection.execute("SELECT site, device FROM raw_devices ORDER BY 1, 2").fetchall()
    assert [("ahead", "clock"), ("ahead", "ups"), ("live", "quiet"), ("live", "ups"), ("old", "ups")] == kept


def test_sets_that_a_sender_can_grow_stay_bounded(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dead letters, and the devices of a site: the oldest go."""
    monkeypatch.setattr(upkeep, "MOST_LETTERS", 3)
    monkeypatch.setattr(upkeep, "MOST_DEVICES", 2)
    feed = Feed(connection)
    many = [state("hut-1", seq) for seq in range(1, 6)]
    feed.put(*(s.model_copy(update={"message": s.message.model_copy(update={"device": f"d{s.seq}"})}) for s in many))
    connection.execute(
        "INSERT INTO dead_letters (topic, partition, log_offset, at, reason)"
        " SELECT 't', 0, n, %s + n * interval '1 s', 'r' FROM generate_series(1, 8) n",
        [BEGIN],
    )
    upkeep.keep_bounds(connection, 400, timedelta(days=31), LATER)

    assert [("d4",), ("d5",)] == connection.execute("SELECT device FROM states ORDER BY 1").fetchall()
    assert [(6,), (7,), (8,)] == connection.execute("SELECT log_offset FROM dead_letters ORDER BY 1").fetchall()
