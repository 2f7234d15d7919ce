"""Workers at a real Kafka and a real PostgreSQL: whatever dies, every event counts once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fleet.store import schema
from fleet.store.connection import DatabaseAwayError, connect
from shared.site_records import SiteRecord
from tests.support.fleet_records import event, state
from tests.support.fleet_workers import Workers, produce, until, write_config
from tests.support.kafka import Kafka
from tests.support.postgres import Postgres

SITES = [f"hut-{number}" for number in range(20)]


@pytest.fixture
def workers(kafka: Kafka, topic: str, database: str, tmp_path: Path) -> Iterator[Workers]:
    """No worker yet, and tables to count in."""
    with closing(connect(database)) as made:
        schema.migrate(made)
    group = Workers(write_config(tmp_path / "config", kafka.servers, topic, database), tmp_path)
    yield group
    group.stop()


def _load(seed: int, epoch: str, numbers: range) -> list[SiteRecord]:
    """Each site's records in its order, the sites mixed, and now and then a stretch of it once more."""
    dice = random.Random(seed)  # noqa: S311 - a load, no secret
    streams: dict[str, list[SiteRecord]] = {}
    for site in SITES:
        kinds = ("AC_POWER_LOSS", "AC_POWER_RESTORED")
        stream: list[SiteRecord] = [event(site, seq, kinds[seq % 2], epoch=epoch) for seq in numbers]
        again = dice.randrange(len(stream))
        streams[site] = stream[: again + 1] + stream[max(0, again - 10) :]
        streams[site].append(state(site, numbers.stop, power="battery"))
    mixed: list[SiteRecord] = []
    while streams:
        site = dice.choice([*streams])
        mixed += streams[site][:7]
        streams[site] = streams[site][7:]
        if not streams[site]:
            del streams[site]
    return mixed


def _wanted(*loads: list[SiteRecord]) -> Counter[tuple[str, str]]:
    once = {(each.site, each.message.id): each.message.type for load in loads for each in load if each.kind == "event"}
    return Counter((site, kind) for (site, _), kind in once.items())


def _counted(database: str) -> Counter[tuple[str, str]]:
    try:
        with closing(connect(database)) as made:
            return Counter({(s, t): n for s, t, n in made.execute("SELECT site, type, total FROM counts").fetchall()})
    except DatabaseAwayError:
        return Counter()


def test_killed_workers_rebalances_and_a_killed_database_change_no_count(
    kafka: Kafka, topic: str, database: str, workers: Workers, postgres: Postgres
) -> None:
    """A worker is killed at work, two come, PostgreSQL is killed at work, one worker ends by itself."""
    first, second = _load(1, "e1", range(1, 50)), _load(2, "e1", range(50, 100))
    third = _load(3, "e2", range(1, 50))
    produce(kafka.servers, topic, first)
    workers.start(1)
    until(lambda: _counted(database).total() > 100, "the first worker counts")
    workers.kill(1)
    assert _counted(database).total() < _wanted(first).total()

    workers.start(2)
    workers.start(3)
    until(lambda: _counted(database) == _wanted(first), "two others go on where it was")
    until(lambda: _owners(database) == {"w2", "w3"}, "they share the partitions")
    produce(kafka.servers, topic, second)
    postgres.kill()
    postgres.start()
    produce(kafka.servers, topic, third)
    assert workers.terminate(3) == 0
    until(lambda: _counted(database) == _wanted(first, second, third), "all of it is counted")

    with closing(connect(database)) as made:
        ask = made.execute
        assert [(_wanted(first, second, third).total(),)] == ask("SELECT count(*) FROM events").fetchall()
        assert ask("SELECT site, type, total FROM counts ORDER BY 1, 2").fetchall() == (
            ask("SELECT site, type, sum(total) FROM hourly_counts GROUP BY 1, 2 ORDER BY 1, 2").fetchall()
        )
        assert [(len(SITES), "battery")] == ask("SELECT count(*), min(power) FROM states").fetchall()
        assert [] == ask("SELECT * FROM gaps").fetchall() + ask("SELECT * FROM dead_letters").fetchall()
    assert "the database is away" in workers.said(2)
    assert workers.health(2).exists()
    assert not workers.health(3).exists()


def _owners(database: str) -> set[str]:
    with closing(connect(database)) as made:
        return {row[0] for row in made.execute("SELECT owner FROM log_positions").fetchall()}
