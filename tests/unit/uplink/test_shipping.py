"""From the wire to the log: events, alerts and states through handler, queue and shipper, with a log in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.uplink.adapters import reported_alerts
from services.uplink.adapters.record_queue import RecordQueue
from services.uplink.adapters.shipper import Shipper
from services.uplink.service import BOUND, LEDGER_SCHEMA, VANISHED, Uplink
from services.uplink.settings import UplinkSettings
from shared.clock import Clock
from shared.ledger import Ledger, LedgerDamagedError
from shared.ledger.examine import examine
from shared.messages import Alert, AlertState, Candidate, Event, Frame, Severity
from shared.site_records import EventRecord, OfferRecord, RawRecord, decode, time_of
from tests.support.fakes.site_log import FakeSiteLog
from tests.unit.uplink.test_core import START, alert, state

FAST = UplinkSettings(records_per_second=100_000, batch_records=10)


def event(seq: int, text: str = "") -> Event:
    return Event(
        producer="event_processor", epoch="e1", seq=seq, id=f"id{seq}", type="T", category="power",
        severity=Severity.INFO, time=START, site="hut", data={"text": text} if text else {},
    )  # fmt: skip


@dataclass
class World:
    """An uplink over one ledger and one log; time stands still unless a test moves it."""

    settings: UplinkSettings = FAST
    path: str = ":memory:"
    log: FakeSiteLog = field(default_factory=FakeSiteLog)
    now_s: float = 0.0
    offered: list[Candidate] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = Clock(lambda: datetime(2026, 1, 2, tzinfo=UTC) + timedelta(seconds=self.now_s), lambda: self.now_s)
        self.start()

    def start(self) -> None:
        self.ledger = Ledger(self.path, LEDGER_SCHEMA)
        self.queue = RecordQueue(self.ledger)
        wall = self.clock.wall
        self.uplink = Uplink(self.settings, self.ledger, "hut", "uplink", lambda: "u1", wall, self.offered.append)
        self.shipper = Shipper(self.path, self.log, self.settings, self.clock, jitter=lambda: 1.0)

    def hear(self, *messages: object) -> None:
        with self.ledger.transaction():
            for message in messages:
                if isinstance(message, Event | Frame):
                    self.uplink.apply(message)
                else:
                    self.uplink.follow(message, retained=False)  # type: ignore[arg-type]
            self.uplink.flush()

    def ship(self) -> float:
        return self.shipper.ship(self.queue)

    def seqs(self) -> list[int]:
        """Return the places of the events in the log, as they lie there."""
        records = [decode(*entry) for entry in self.log.entries]
        return [record.seq for record in records if isinstance(record, EventRecord)]


@pytest.fixture
def world() -> Iterator[World]:
    """One that is closed at the end."""
    found = World()
    with closing(found.ledger):
        yield found


def test_an_event_goes_as_it_was_published_under_its_own_place(world: World) -> None:
    """And leaves the queue when the log has it."""
    world.hear(event(7))
    world.ship()
    (record,) = [decode(*entry) for entry in world.log.entries]
    assert ("hut", "event_processor", "event", "e1", 7, event(7)) == (
        record.site, record.producer, record.stream, record.epoch, record.seq, record.message,
    )  # fmt: skip
    assert 0 == world.queue.pending()


def test_alerts_and_states_get_growing_places_of_the_uplink_s_own(world: World) -> None:
    """Also after a restart at which the clock has gone back, and for a ledger that was put back."""
    world.hear(alert(), state(), alert(2.0))
    world.now_s = -1000.0
    world.uplink = Uplink(FAST, world.ledger, "hut", "uplink", lambda: "u1", world.clock.wall)
    world.hear(alert(3.0))
    world.ship()
    places = [(record.producer, record.epoch, record.seq) for record in (decode(*e) for e in world.log.entries)]
    seqs = sorted(seq for *_, seq in places)
    assert ({("uplink", "u1")}, 4) == ({place[:2] for place in places}, len(set(seqs)))
    assert seqs[-1] == json.loads(world.log.entries[-1].value)["seq"]
    assert seqs[0] > datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1e6


def alerts(world: World) -> list[Alert]:
    """Return what the log says of alerts."""
    world.ship()
    found = [decode(*entry).message for entry in world.log.entries]
    return [each for each in found if isinstance(each, Alert)]


def words(found: list[Alert]) -> list[tuple[str, str, str]]:
    return [(each.rule, each.key, each.state.value) for each in found]


def connect(world: World, *messages: object) -> None:
    """Be a broker that gives the uplink what it keeps after a connection."""
    world.uplink.begin_set()
    world.hear(*messages)
    world.uplink.end_set()
    world.hear()


def test_an_alert_that_vanished_while_the_uplink_was_away_is_said_to_have_resolved(tmp_path: Path) -> None:
    """Once, over a restart and over a broken connection; one that is still there is not."""
    world = World(path=str(tmp_path / "ledger.sqlite"))
    other = alert().model_copy(update={"rule": "s"})
    connect(world, alert(), other)
    world.ledger.close()
    world.start()
    connect(world, other)
    connect(world, other)
    found = alerts(world)
    assert [("r", "k", "firing"), ("s", "k", "firing"), ("s", "k", "firing"), ("r", "k", "resolved")] == words(found)
    assert (VANISHED, START, world.clock.wall()) == (found[-1].reason, found[-1].since, found[-1].time)

    connect(world, other, alert())
    assert [("r", "k", "firing")] == words(alerts(world)[len(found) :])
    world.ledger.close()


@pytest.mark.parametrize("heard", [(), (alert(state=AlertState.RESOLVED),)], ids=["unheard", "resolved"])
def test_a_topic_that_is_emptied_before_its_alert_was_heard_to_resolve_says_so(
    world: World, heard: tuple[Alert, ...]
) -> None:
    """And one whose alert has resolved says nothing new."""
    world.hear(alert(), *heard)
    world.uplink.cleared("alert", ("r", "k"))
    world.uplink.cleared("state", ("ups",))
    assert [("r", "k", "firing"), ("r", "k", "resolved")] == words(alerts(world))


def test_an_alert_that_fires_no_more_and_waits_anew_has_resolved(world: World) -> None:
    """It did both while nobody listened."""
    world.hear(alert())
    connect(world, alert(state=AlertState.PENDING))
    assert [("r", "k", "firing"), ("r", "k", "resolved")] == words(alerts(world))


def test_of_the_alerts_that_fire_the_newest_are_remembered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that invents names fills no disk."""
    monkeypatch.setattr(reported_alerts, "MOST", 3)
    world.hear(*(alert().model_copy(update={"key": f"k{n}"}) for n in range(5)))
    connect(world)
    assert [("r", f"k{n}", "resolved") for n in (2, 3, 4)] == words(alerts(world)[5:])
    assert (0,) == world.ledger.db.execute("SELECT count(*) FROM reported_alert").fetchone()


def test_of_a_device_only_the_latest_state_waits(world: World) -> None:
    """However long the log is away; of alerts every change does."""
    world.hear(*(state(power="mains" if n % 2 else "battery") for n in range(20)), *(alert(n) for n in range(20)))
    assert 21 == world.queue.pending()


def test_a_state_that_comes_while_its_forerunner_is_on_the_way_is_sent_too(world: World) -> None:
    """What was confirmed is not what waits now."""
    world.hear(state(power="mains"))
    sent = world.queue.oldest(2)
    world.hear(state(power="battery"))
    world.queue.forget(sent)
    assert 1 == world.queue.pending()


def test_states_take_no_more_than_half_of_a_batch(world: World) -> None:
    """So that events go on however many devices there are, and states however many events wait."""
    world.hear(*(event(n) for n in range(1, 31)), *(state(f"d{n}") for n in range(30)))
    world.ship()
    assert (5, 10) == (len(world.seqs()), len(world.log.entries))


def test_a_log_that_is_away_costs_growing_pauses_and_says_why(world: World) -> None:
    """And nothing is lost."""
    world.hear(*(event(n) for n in range(1, 4)))
    world.log.away = True
    pauses = []
    for _ in range(8):
        world.now_s += 60
        pauses.append(world.ship())
    assert [1, 2, 4, 8, 16, 32, 60, 60] == pauses
    figures = world.shipper.figures()
    assert ("the log is away", 3, 480.0) == (figures["log_last_error"], figures["log_pending"], figures["log_behind_s"])
    world.log.away = False
    world.now_s += 60
    world.ship()
    assert ([1, 2, 3], "", 0) == (world.seqs(), world.shipper.state.last_error, world.shipper.state.pending)


def test_what_is_refused_is_set_aside_alone(world: World) -> None:
    """The others of its batch arrive, some of them twice."""
    world.log.most_bytes = 2000
    world.hear(event(1), event(2), event(3, "x" * 2000), event(4))
    world.ship()
    assert (["the record is too large"], 0, 1) == (
        world.queue.refused(), world.queue.pending(), world.shipper.state.refused,
    )  # fmt: skip
    assert [1, 2, 4] == list(dict.fromkeys(world.seqs()))


def test_a_backlog_drains_at_the_stated_rate() -> None:
    """Two weeks of a large site, in simulated time: no batch above the bound, no second above the rate."""
    world = World(UplinkSettings(records_per_second=200, batch_records=500))
    with closing(world.ledger):
        world.hear(*(event(n) for n in range(1, 14_001)))
        while world.queue.pending():
            world.now_s += world.ship()
    assert list(range(1, 14_001)) == world.seqs()
    assert max(world.log.writes) <= 500
    assert (14_000 - 500) / 200 - 1 <= world.now_s <= 14_000 / 200 + 5


def test_beyond_the_bound_the_oldest_go_with_one_event_a_day() -> None:
    """Counted in the status."""
    world = World(FAST.model_copy(update={"max_records": 1000}))
    with closing(world.ledger):
        world.hear(*(event(n) for n in range(1, 1004)))
        world.hear(event(1004))
        assert ({"log_dropped": 4}, 1000) == (world.uplink.figures(), world.queue.pending())
        assert [("system.limit.reached", BOUND)] == [(each.type, each.data["what"]) for each in world.offered]
        assert 5 == json.loads(world.queue.oldest(1)[0].entry.value)["seq"]


def test_a_record_that_has_changed_on_the_disk_is_no_record(world: World) -> None:
    """A flipped bit must not become an event at the centre."""
    world.hear(event(1))
    world.ledger.db.execute("UPDATE waiting SET value = replace(value, 'id1', 'id2')")
    with pytest.raises(LedgerDamagedError):
        world.ship()


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["hear", "ship", "away", "back", "crash"]), st.integers(0, 9)), max_size=40))
def test_no_event_is_lost_or_overtaken_whatever_dies(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """With a log that goes away in the middle of batches, and an uplink that dies between any two steps."""
    world = World(path=str(Path(tmp_path_factory.mktemp("uplink")) / "ledger.sqlite"))
    heard = 0
    for what, count in steps:
        world.now_s += 1
        match what:
            case "hear":
                world.hear(*(event(heard + n + 1) for n in range(count)))
                heard += count
            case "ship":
                world.ship()
            case "away":
                world.log.away, world.log.keeps = True, count
            case "back":
                world.log.away = False
            case "crash":
                world.ledger.close()
                assert examine(Path(world.path), suspect=True) is None
                world.start()
    world.log.away = False
    while world.queue.pending():
        world.now_s += 1
        world.ship()
    world.ledger.close()
    firsts = list(dict.fromkeys(world.seqs()))
    assert list(range(1, heard + 1)) == firsts


def test_a_death_between_confirmation_and_forgetting_repeats() -> None:
    """The centre drops it by its place."""
    world = World()
    with closing(world.ledger):
        world.hear(event(1), event(2))
        world.log.write([waiting.entry for waiting in world.queue.oldest(10)])
        world.ship()
    assert [1, 2, 1, 2] == world.seqs()


def frame(seq: int, **values: float | bool) -> Frame:
    time = START + timedelta(seconds=seq)
    return Frame(producer="sensor_reader", epoch="e1", seq=seq, time=time, device="ups", values=values)


def test_frames_go_in_their_places_and_what_says_nothing_new_may_wait_a_while(world: World) -> None:
    """A change commits at once; numbers alone after ``raw_every_s``, though the clock be put back."""
    urgent = []
    said = (
        (0, {"ac_present": True}),
        (1, {"ac_present": True}),
        (1, {"ac_present": False}),
        (2, {"ac_present": False}),
    )
    for seq, (now_s, values) in enumerate((*said, (8, {"ac_present": False}), (8, {}), (3, {}), (1, {})), 1):
        world.now_s = float(now_s)
        with world.ledger.transaction():
            world.uplink.apply(frame(seq, voltage=4.0 - seq / 100, **values))
            world.uplink.flush()
            urgent.append(world.ledger.urgent)
    assert [True, False, True, False, True, True, False, False] == urgent
    world.ship()
    records = [decode(*entry) for entry in world.log.entries]
    assert [("hut", "raw", seq) for seq in range(1, 9)] == [(r.site, r.stream, r.seq) for r in records]
    assert {RawRecord} == {type(record) for record in records}


def test_an_offer_goes_once_by_its_id_and_is_numbered_though_the_uplink_starts_anew(world: World) -> None:
    """One without an id goes as often as it comes; its time is its own, or when it came."""
    gap = Candidate(type="system.stream.gap", id="gap/sensor_reader/raw/e1/2-4", data={"count": 3})
    nameless = Candidate(type="DOOR", time=START)
    for _ in range(2):
        with world.ledger.transaction():
            for offer in (gap, nameless):
                world.uplink.offer("uplink", offer, "ingest/uplink", b"")
            world.uplink.flush()
            assert world.ledger.urgent
        world.uplink = Uplink(FAST, world.ledger, "hut", "uplink", lambda: "u1", world.clock.wall)
    world.ship()
    records = [decode(*entry) for entry in world.log.entries]

    assert {OfferRecord} == {type(record) for record in records}
    assert [(1, gap), (2, nameless), (3, nameless)] == [(record.seq, record.message) for record in records]
    now = world.clock.wall()
    assert [now, START, START] == [time_of(record) for record in records]
