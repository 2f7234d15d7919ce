"""What a batch is in PostgreSQL: one transaction, which only the partition's present owner can commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from fleet.store import months, schema
from fleet.store.batches import Batch, Batches, LostPartitionError, Policy, Position
from fleet.store.connection import Connection, DatabaseRefusesError, connect
from shared.messages import AlertState
from shared.site_records import SiteRecord
from tests.support.fleet_records import BEGIN, alert, arrivals, event, state

POLICY = Policy({"south": ("shop-*",)}, frozenset({"AC_POWER_LOSS"}), 400)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """A connection to a fresh database with its tables."""
    with connect(database, by_key=True) as made:
        schema.migrate(made)
        yield made


def _batch(claims: dict[int, Position], records: list[SiteRecord], partition: int = 0, first: int = 0) -> Batch:
    arrived = arrivals(records, partition, first)
    return Batch(arrived, {partition: Position(claims[partition].generation, first + len(records))})


def _counts(connection: Connection) -> dict[tuple[str, str], int]:
    return {(s, t): n for s, t, n in connection.execute("SELECT site, type, total FROM counts").fetchall()}


RECORDS: list[SiteRecord] = [
    *(event("hut-1", seq) for seq in (1, 2, 5)),
    *(event("shop-1", seq, "BATTERY_LOW") for seq in (1, 2)),
    *(state("hut-1", 1), state("hut-1", 2, power="battery", runtime_s=900)),
    *(alert("hut-1", 1), alert("hut-1", 2, AlertState.RESOLVED)),
]


def test_a_batch_is_counted_once_however_often_it_comes(connection: Connection) -> None:
    """In the same batch, in another, and after another worker took the partition over."""
    batches = Batches(connection, "t", POLICY)
    claims = batches.claim([0], "one", BEGIN)
    batches.commit(_batch(claims, RECORDS + RECORDS), BEGIN)
    claims = batches.claim([0], "two", BEGIN)
    assert {0: Position(2, 2 * len(RECORDS))} == claims
    batches.commit(_batch(claims, RECORDS, first=2 * len(RECORDS)), BEGIN)

    assert {("hut-1", "AC_POWER_LOSS"): 3, ("shop-1", "BATTERY_LOW"): 2} == _counts(connection)
    ask = connection.execute
    assert [(5,)] == ask("SELECT count(*) FROM events").fetchall()
    assert [(5,)] == ask("SELECT sum(total) FROM hourly_counts").fetchall()
    assert [("hut-1", "hut"), ("shop-1", "south")] == ask("SELECT site, region FROM sites ORDER BY site").fetchall()
    assert [("battery", 900.0, 80.0)] == ask("SELECT power, runtime_s, charge FROM states").fetchall()
    assert [("resolved", "said at 2")] == ask("SELECT state, message FROM site_alerts").fetchall()
    assert [("hut-1", "event_processor", "event", "e1", 3, 4)] == ask("SELECT * FROM gaps").fetchall()
    assert [(3,)] == ask("SELECT count(*) FROM signals").fetchall()
    assert [(27, 18 - 9 + 9)] == ask("SELECT records, repeats FROM log_positions").fetchall()


def test_who_has_lost_a_partition_commits_nothing(connection: Connection, database: str) -> None:
    """Not the rest of its batch either."""
    first = Batches(connection, "t", POLICY)
    old = first.claim([0, 1], "one", BEGIN)
    with connect(database, by_key=True) as other:
        new = Batches(other, "t", POLICY).claim([1], "two", BEGIN)
        both = [*arrivals([event("a", 1)]), *arrivals([event("b", 1)], partition=1)]
        after = {p: Position(claim.generation, 1) for p, claim in old.items()}
        with pytest.raises(LostPartitionError, match="1 of 2 partitions"):
            first.commit(Batch(both, after), BEGIN)

        assert {} == _counts(connection)
        Batches(other, "t", POLICY).commit(_batch(new, [event("b", 1)], partition=1), BEGIN)
        first.commit(_batch(old, [event("a", 1)]), BEGIN)
    assert {("a", "AC_POWER_LOSS"): 1, ("b", "AC_POWER_LOSS"): 1} == _counts(connection)


def test_what_is_read_again_after_half_of_a_read_counts_once(connection: Connection, database: str) -> None:
    """The offset goes on with the last portion; who has lost a partition commits none of those that are left."""
    said: list[SiteRecord] = [event(site, seq) for seq in (1, 2, 3) for site in ("c", "a", "b")]
    policy = replace(POLICY, portion=4)
    with connect(database, by_key=True) as other:
        first, second = Batches(connection, "t", policy), Batches(other, "t", policy)
        under_way = first.portions(_batch(first.claim([0], "one", BEGIN), said), BEGIN)
        assert (4, 4, 0) == ((done := next(under_way)).records, done.events, done.repeats)
        assert {("a", "AC_POWER_LOSS"): 3, ("b", "AC_POWER_LOSS"): 1} == _counts(connection)

        claims = second.claim([0], "two", BEGIN)
        assert {0: Position(2, 0)} == claims
        with pytest.raises(LostPartitionError):
            next(under_way)
        done = second.commit(_batch(claims, said), BEGIN)

    assert (9, 5, 4) == (done.records, done.events, done.repeats)
    assert {(site, "AC_POWER_LOSS"): 3 for site in "abc"} == _counts(connection)
    assert [(9,)] == connection.execute("SELECT next_offset FROM log_positions").fetchall()
    assert [(9, 9)] == connection.execute("SELECT count(*), count(DISTINCT id) FROM events").fetchall()
    assert [] == connection.execute("SELECT * FROM gaps").fetchall()


def test_hours_are_the_events_whatever_their_time(connection: Connection) -> None:
    """Those far off, for which there is no month, too; and a question for some hours finds these alone."""
    batches = Batches(connection, "t", POLICY)
    times = (0.0, 1.0, 3599.0, 3600.0, 9000 * 86_400.0, -500 * 86_400.0)
    said: list[SiteRecord] = [event("hut-1", seq, at_s=at) for seq, at in enumerate(times, 1)]
    batches.commit(_batch(batches.claim([0], "one", BEGIN), said), BEGIN)
    wanted = Counter((BEGIN + timedelta(seconds=at)).replace(minute=0, second=0, microsecond=0) for at in times)

    connection.execute("SET TimeZone = 'Asia/Kathmandu'")  # 5:45 h: an hour is one of UTC, whoever asks
    hours = dict(connection.execute("SELECT hour, total FROM hourly").fetchall())
    assert wanted == hours
    some = connection.execute("SELECT total FROM hourly WHERE hour BETWEEN %s AND %s", [BEGIN, BEGIN]).fetchall()
    assert [(wanted[BEGIN],)] == some


def test_a_place_that_another_worker_has_moved_is_read_again(connection: Connection, database: str) -> None:
    """As where a site writes to two partitions; and what was not committed is not remembered."""
    with connect(database, by_key=True) as other:
        stores = (Batches(connection, "t", POLICY), Batches(other, "t", POLICY))
        claims = [store.claim([at], "w", BEGIN)[at] for at, store in enumerate(stores)]
        offsets = [0, 0]

        def say(at: int, *seqs: int, generation: int = 0) -> int:
            arrived = arrivals([event("hut-1", seq) for seq in seqs], at, offsets[at])
            after = Position(claims[at].generation + generation, offsets[at] + len(seqs))
            done = stores[at].commit(Batch(arrived, {at: after}), BEGIN)
            offsets[at] += len(seqs)
            return done.repeats

        assert [0, 0, 1] == [say(0, 1), say(0, 2), say(0, 2)]
        assert [0, 1] == [say(1, 3), say(1, 2)]
        assert [1, 0, 1] == [say(0, 3), say(0, 4), say(0, 3)]
        with pytest.raises(LostPartitionError):
            say(0, 5, generation=1)
        assert [0, 1, 1] == [say(0, 5), say(1, 5), say(0, 5)]
    assert [(5,)] == connection.execute("SELECT total FROM counts").fetchall()
    assert [(1, 5)] == [tuple(ends) for (ends,) in connection.execute("SELECT ends FROM places").fetchall()]


def test_an_event_again_under_another_number_counts_once(connection: Connection) -> None:
    """As after a site's ledger went back to an older copy."""
    batches = Batches(connection, "t", POLICY)
    claims = batches.claim([0], "one", BEGIN)
    batches.commit(_batch(claims, [event("a", 1)]), BEGIN)
    again = event("a", 7, epoch="e2", name="a.e1.1", at_s=60)
    done = batches.commit(_batch(claims, [again, event("a", 8, epoch="e2")], first=1), BEGIN)

    assert ({("a", "AC_POWER_LOSS"): 2}, 1) == (_counts(connection), done.repeats)


def test_what_postgresql_cannot_hold_is_a_dead_letter_and_the_rest_counts(connection: Connection) -> None:
    """The one record is found by halves; a record that cannot be read is one, too."""
    batches = Batches(connection, "t", POLICY)
    claims = batches.claim([0], "one", BEGIN)
    connection.execute("ALTER TABLE events ALTER COLUMN zone TYPE varchar(3)")
    odd = event("a", 5)
    odd = odd.model_copy(update={"message": odd.message.model_copy(update={"zone": "longer"})})
    done = batches.commit(_batch(claims, [event("a", 1), event("a", 2), odd, event("a", 4)]), BEGIN)

    assert ({("a", "AC_POWER_LOSS"): 3}, 1) == (_counts(connection), len(done.refused))
    (letter,) = connection.execute("SELECT log_offset, reason FROM dead_letters").fetchall()
    assert (2, True) == (letter[0], "too long" in letter[1])
    assert [(4,)] == connection.execute("SELECT next_offset FROM log_positions").fetchall()


def test_there_are_no_more_sites_than_there_is_room_for(connection: Connection) -> None:
    """What the others say is a dead letter with its reason; those that are known go on."""
    batches = Batches(connection, "t", replace(POLICY, max_sites=2))
    claims = batches.claim([0], "one", BEGIN)
    batches.commit(_batch(claims, [event(site, 1) for site in ("c", "a", "b")]), BEGIN)
    batches.commit(_batch(claims, [event(site, 2) for site in ("a", "c", "d")], first=3), BEGIN)

    assert {("a", "AC_POWER_LOSS"): 2, ("b", "AC_POWER_LOSS"): 1} == _counts(connection)
    letters = connection.execute("SELECT log_offset, reason FROM dead_letters ORDER BY 1").fetchall()
    assert [(0, True), (4, True), (5, True)] == [(offset, "max_sites" in reason) for offset, reason in letters]


def test_texts_come_back_as_they_were_written(connection: Connection) -> None:
    """Quotes, backslashes, braces, line ends, the word NULL, and none."""
    texts = ['"', "\\", '\\"', "{a,b}", "x\ny", "NULL", "", "ü €"]
    batches = Batches(connection, "t", POLICY)
    claims = batches.claim([0], "one", BEGIN)
    said = []
    for seq, text in enumerate(texts, 1):
        plain = event("a", seq)
        data = {"because": text}
        said.append(plain.model_copy(update={"message": plain.message.model_copy(update={"data": data})}))
    batches.commit(_batch(claims, [*said]), BEGIN)

    rows = connection.execute("SELECT data ->> 'because', zone FROM events ORDER BY time").fetchall()
    assert [(text, None) for text in texts] == rows


def test_months_are_made_when_they_come_and_dropped_when_they_are_old(connection: Connection) -> None:
    """What a wrong clock says is kept aside, and moves when its month is made."""
    batches = Batches(connection, "t", POLICY)
    claims = batches.claim([0], "one", BEGIN)
    day = 86_400.0
    said = [event("a", seq, at_s=at) for seq, at in enumerate((0.0, -60 * day, 60 * day, 9000 * day, -500 * day), 1)]
    batches.commit(_batch(claims, said), BEGIN)
    names = {"2026_09", "2026_11"}
    assert names == {f"{month:%Y_%m}" for month in months.existing(connection)}
    assert [(3,)] == connection.execute("SELECT count(*) FROM events_default").fetchall()

    later = BEGIN + timedelta(days=59)
    batches.commit(_batch(claims, [event("a", 6, at_s=60 * day + 1)], first=5), later)
    assert [(2,)] == connection.execute("SELECT count(*) FROM events_default").fetchall()
    assert ["events_2026_09"] == months.drop_before(connection, BEGIN - timedelta(days=20))
    assert [(4,)] == connection.execute("SELECT count(*) FROM events").fetchall()
    assert {("a", "AC_POWER_LOSS"): 6} == _counts(connection)


def test_hours_of_an_older_database_are_what_they_were(database: str) -> None:
    """They were rows beside the events until version 6."""
    with connect(database) as made:
        made.execute("CREATE SCHEMA fleet")
        made.execute("CREATE TABLE schema_versions (version int PRIMARY KEY, name text, at timestamptz DEFAULT now())")
        for number, name, text in schema.migrations()[:5]:
            made.execute(text)
            made.execute("INSERT INTO schema_versions (version, name) VALUES (%s, %s)", [number, name])
        made.execute("INSERT INTO sites (site, region, first_heard, last_heard) VALUES ('a', 'a', now(), now())")
        for at, kind in enumerate(("BATTERY_LOW", "BATTERY_LOW", "AC_POWER_LOSS")):
            values = [BEGIN + timedelta(minutes=25 * at), str(at), kind]
            made.execute("INSERT INTO events VALUES ('a', %s, %s, %s, 'power', 'info', NULL, NULL, '{}')", values)
        made.execute("INSERT INTO hourly_counts SELECT 'a', type, %s, count(*) FROM events GROUP BY type", [BEGIN])
        ask = "SELECT hour, region, site, type, total FROM hourly ORDER BY type"
        before = made.execute(ask).fetchall()
        schema.migrate(made)
        assert before == made.execute(ask).fetchall()
    assert [1, 2] == [row[-1] for row in before]


def test_a_database_of_another_version_is_refused(database: str) -> None:
    """With what to do about it; and migrating again changes nothing."""
    with connect(database) as made:
        with pytest.raises(DatabaseRefusesError, match="run `upskeep fleet migrate`"):
            schema.check_version(made)
        assert [name for _, name, _ in schema.migrations()] == schema.migrate(made)
        assert [] == schema.migrate(made)
        schema.check_version(made)
        made.execute("INSERT INTO schema_versions (version, name) VALUES (999, 'later')")
        with pytest.raises(DatabaseRefusesError, match="install the newer Upskeep here"):
            schema.migrate(made)
