"""A site that only reads, counted at the centre: frames, memories, counts and the offset are one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fleet.core.central import CentralRules
from fleet.core.reading import Arrival
from fleet.store import schema
from fleet.store.batches import Batch, Batches, Done, LostPartitionError, Policy, Position
from fleet.store.connection import Connection, DatabaseAwayError, connect
from shared.messages import Candidate, DeviceState, Event
from shared.site_records import OfferRecord, SiteRecord, event_record
from tests.support.central_frames import (
    SITE,
    START,
    central,
    local,
    plan_of,
    records,
    rules_of,
    said,
    scene,
    write_site,
)
from tests.support.fleet_records import arrivals

NOW = START + timedelta(days=1)
GAP = "system.stream.gap"
POLICY = Policy({}, frozenset(), 400)
EVENTS = "SELECT id, type, time, site, category, severity, device, zone, data FROM events ORDER BY time, id"


class Site:
    """The frames of a site in the log, what must come of them, and the rules of the centre."""

    def __init__(self, folder: Path) -> None:
        self.frames = scene(write_site(folder))
        self.records = records(self.frames)
        self.events, _ = local(plan_of(folder), self.frames)
        self.rules: CentralRules = rules_of(folder)
        _, self.states, _ = central(self.rules, self.frames, 1)

    @property
    def log(self) -> list[Arrival]:
        """Each stretch of 40 records comes twice, as from an uplink that is killed before it has noted it."""
        batches = [self.records[at : at + 40] for at in range(0, len(self.records), 40)]
        return arrivals([each for batch in batches for each in (*batch, *batch)])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """One site for all tests here."""
    return Site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """A connection to a fresh database with its tables."""
    with connect(database, by_key=True) as made:
        schema.migrate(made)
        yield made


def _part(log: list[Arrival], claim: Position, most: int) -> Batch:
    part = log[claim.next_offset : claim.next_offset + most]
    return Batch(part, {0: Position(claim.generation, claim.next_offset + len(part))})


def _holds(connection: Connection, site: Site) -> None:
    """The events, counts, hours and states are those of the site's own event_processor; nothing is missing."""
    ask = connection.execute
    wanted = sorted(said(site.events), key=lambda each: (each[2], each[0]))
    assert wanted == ask(EVENTS).fetchall()
    counts = Counter(event.type for event in site.events)
    assert dict(counts) == dict(ask("SELECT type, total FROM counts").fetchall())
    hours = Counter((e.type, e.time.replace(minute=0, second=0, microsecond=0)) for e in site.events)
    found = ask("SELECT type, hour, total FROM hourly_counts").fetchall()
    assert dict(hours) == {(kind, hour): total for kind, hour, total in found}
    states = ask("SELECT device, time, power, battery, quality, vals FROM states").fetchall()
    assert {name: _state(state) for name, state in site.states.items()} == {name: row for name, *row in states}
    assert [] == ask("SELECT * FROM gaps").fetchall()


def _state(state: DeviceState) -> list[Any]:
    return [state.time, state.power, state.battery, state.quality.value, dict(state.values)]


class Dying:
    """A connection that dies at its ``at``-th statement from now on, with whatever transaction is open."""

    def __init__(self, connection: Connection, at: int) -> None:
        self._connection, self._left = connection, at

    def execute(self, *args: Any, **named: Any) -> Any:
        self._left -= 1
        if not self._left:
            self._connection.close()
        return self._connection.execute(*args, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def test_a_worker_that_dies_at_any_statement_and_another_that_goes_on_change_nothing(
    connection: Connection, database: str, site: Site
) -> None:
    """Of each third batch workers die at the 1st, 2nd, 3rd … statement; and of every one after its commit."""
    log, policy = site.log, replace(POLICY, central=site.rules)
    deaths = done = batches = 0
    at = 1
    while done < len(log):
        with connect(database, by_key=True) as made:
            claim = Batches(made, "t", policy).claim([0], f"w{deaths}", NOW)[0]
            assert claim.next_offset == done
            store = Batches(made, "t", policy)
            store._connection = Dying(made, at if batches % 3 == 0 else 0)  # type: ignore[assignment]
            batch = _part(log, claim, 150)
            try:
                store.commit(batch, NOW)
            except DatabaseAwayError:
                deaths, at = deaths + 1, at + 1
                continue
        # It died after its commit and before it could note it: who comes next is told by the database.
        done, at, batches = batch.positions[0].next_offset, 1, batches + 1

    assert deaths > 15 * (batches // 3)
    _holds(connection, site)
    assert [(len(site.records),)] == connection.execute("SELECT repeats FROM log_positions").fetchall()


def test_who_has_lost_the_partition_changes_nothing_and_the_log_may_be_read_again(
    connection: Connection, database: str, site: Site
) -> None:
    """Two workers take it from one another after each batch, and each tries the next one in vain."""
    log, policy = site.log, replace(POLICY, central=site.rules)
    with connect(database, by_key=True) as other:
        stores = (Batches(connection, "t", policy), Batches(other, "t", policy))
        turn = done = 0
        while done < len(log):
            lost = stores[turn % 2].claim([0], "old", NOW)[0]
            claim = stores[(turn + 1) % 2].claim([0], "new", NOW)[0]
            with pytest.raises(LostPartitionError):
                stores[turn % 2].commit(_part(log, lost, 130), NOW)
            batch = _part(log, claim, 130)
            stores[(turn + 1) % 2].commit(batch, NOW)
            done, turn = batch.positions[0].next_offset, turn + 1
        _holds(connection, site)

        connection.execute("DELETE FROM log_positions")  # the topic was made again, or somebody wants to be sure
        claim = stores[0].claim([0], "again", NOW)[0]
        stores[0].commit(_part(log, claim, len(log)), NOW)
    _holds(connection, site)


def _commit(connection: Connection, rules: CentralRules | None, said_: Sequence[SiteRecord], first: int = 0) -> Done:
    store = Batches(connection, "t", replace(POLICY, central=rules))
    claim = store.claim([0], "one", NOW)[0]
    arrived = arrivals([*said_], first=first)
    return store.commit(Batch(arrived, {0: Position(claim.generation, first + len(said_))}), NOW)


def _own(event: Event, seq: int) -> SiteRecord:
    place = {"producer": "event_processor", "epoch": "p1", "seq": seq}
    return event_record(event.model_copy(update=place))


@pytest.mark.parametrize("cut", [True, False])
def test_a_site_that_sends_events_of_its_own_is_not_counted_twice(
    connection: Connection,
    site: Site,
    cut: bool,
) -> None:
    """Its frames are dead letters from its first event on; what both have made of the same frames counts once."""
    own = [_own(event, seq) for seq, event in enumerate(site.events, 1)]
    half = len(site.records) // 2
    stream = [*site.records[:half], *own, *site.records[half:]]
    if cut:
        for at in range(0, len(stream), 100):
            _commit(connection, site.rules, stream[at : at + 100], at)
    else:
        _commit(connection, site.rules, stream)

    counts = Counter(event.type for event in site.events)
    assert dict(counts) == dict(connection.execute("SELECT type, total FROM counts").fetchall())
    reasons = [row[0] for row in connection.execute("SELECT reason FROM dead_letters").fetchall()]
    assert any(f"{SITE} sends events of its own event_processor too" in reason for reason in reasons)


def _offer(seq: int, kind: str, **data: Any) -> SiteRecord:
    place = {"site": SITE, "producer": "uplink", "stream": "offer", "epoch": "u1", "seq": seq}
    said_ = Candidate(type=kind, id=f"{kind}/{seq}", data=data)
    return OfferRecord(offered_by="uplink", received_at=START, message=said_, **place)


def test_an_offer_of_a_site_that_only_reads_counts_once(connection: Connection, site: Site) -> None:
    """Whenever it comes and however often; one that is refused is a dead letter, and counts as what it is."""
    gap = {"producer": "sensor_reader", "stream": "raw", "first": 2, "last": 4, "count": 3}
    first, second, unknown = _offer(1, GAP, **gap), _offer(2, GAP, **gap), _offer(3, "NO_SUCH_TYPE")
    for at, said_ in enumerate(([first, unknown], [site.records[0], second, second, first], [unknown])):
        _commit(connection, site.rules, said_, at * 10)

    counts = dict(connection.execute("SELECT type, total FROM counts WHERE type LIKE 'system.%%'").fetchall())
    assert {GAP: 2, "system.event.unknown": 1} == counts
    assert [] == connection.execute("SELECT * FROM gaps").fetchall()
    ((reason,),) = connection.execute("SELECT reason FROM dead_letters").fetchall()
    assert reason.startswith("no event type 'NO_SUCH_TYPE'")


def test_a_centre_that_processes_no_frames_says_so(connection: Connection, site: Site) -> None:
    """A dead letter for each, and nothing remembered."""
    done = _commit(connection, None, site.records[:3])

    assert {"it is a raw frame, and raw.enabled of fleet.yaml is false: this centre processes none"} == {
        each.reason for each in done.refused
    }
    assert [(0,)] == connection.execute("SELECT count(*) FROM raw_devices").fetchall()


def test_frames_that_are_missing_are_a_gap_and_one_that_comes_late_changes_nothing(
    connection: Connection, site: Site
) -> None:
    """For what they would have meant depends on their order."""
    first, late, third = [each for each in site.records if each.producer == "sensor_reader"][:3]
    _commit(connection, site.rules, [first, third])
    before = connection.execute("SELECT * FROM raw_devices ORDER BY device").fetchall()
    done = _commit(connection, site.rules, [late], first=2)

    assert (1, before) == (done.repeats, connection.execute("SELECT * FROM raw_devices ORDER BY device").fetchall())
    gap = connection.execute("SELECT site, producer, stream, epoch FROM gaps").fetchall()
    assert [(SITE, "sensor_reader", "raw", "e1")] == gap
