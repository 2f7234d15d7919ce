"""Every write boundary of a small run is a place to die: the process ends there, starts again, and nothing is lost.

Real hops over real ledgers on disk, in one process, joined by the broker in memory. A bomb counts the
boundaries (before and after each commit, each publish, each ack) and ends a process at the n-th one by an
exception nobody catches; its memory is thrown away and it starts again from its ledger. The house is busy (every frame
makes an event, so every turn commits) or calm (few frames do, and batches stay open over the turns between, the
store's with the event in it). What the store says it has counted never goes back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clock import Clock
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import Route
from shared.delivery.takeover import STEADY_S
from shared.ledger import Ledger
from shared.messages import Counter, Event, Frame, Sequenced, event_id
from shared.mqtt import Publication, Receipt
from shared.suite import DeliverySettings, SuiteSettings
from tests.support.fakes.broker import FakeBroker, FakeClient, opener

FRAMES = 6
EVENTFUL = (1, 2, 4)  # the frames of a calm house that make an event
START = datetime(2026, 1, 1, tzinfo=UTC)
ROUTES = {
    "sensor_reader": Route("sensor_reader", produces={"raw": ("event_processor", "counter_store")}),
    "event_processor": Route("event_processor", consumes=("raw",), produces={"event": ("counter_store",)}),
    "counter_store": Route("counter_store", consumes=("event", "raw"), gathers=("event",)),
}
STORED = "CREATE TABLE IF NOT EXISTS seen (place INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT NOT NULL)"


class Died(BaseException):
    """The process ends here."""


class Bomb:
    """Counts boundaries and goes off at each of ``at``, once."""

    def __init__(self, *at: int) -> None:
        self.at = at
        self.count = 0

    def tick(self) -> None:
        self.count += 1
        if self.count in self.at:
            raise Died


class TrippingLedger(Ledger):
    """A ledger whose commits are boundaries."""

    bomb = Bomb(0)

    def __init__(self, *arguments: Any) -> None:
        try:
            super().__init__(*arguments)
            self.db.execute("PRAGMA synchronous=OFF")  # processes die here, and no machine
        except Died:
            self.close()
            raise

    def commit(self) -> None:
        if not self.db.in_transaction:
            return
        try:
            self.bomb.tick()
        except Died:
            self.db.execute("ROLLBACK")
            raise
        super().commit()
        self.bomb.tick()


class TrippingClient(FakeClient):
    """A client whose publishes and acks are boundaries."""

    bomb = Bomb(0)

    def publish(self, publication: Publication, token: Any = None) -> bool:
        self.bomb.tick()
        done = super().publish(publication, token)
        self.bomb.tick()
        return done

    def ack(self, receipt: Receipt) -> None:
        self.bomb.tick()
        super().ack(receipt)
        self.bomb.tick()


class ListeningBroker(FakeBroker):
    """A broker that remembers what was said of the count, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.totals: list[int] = []

    def route(self, publication: Publication) -> None:
        if "/counter/" in publication.topic:
            self.totals.append(Counter.model_validate_json(publication.payload).total)
        super().route(publication)


class Work:
    """The work of all three: make frames, make an event of each frame, note what comes."""

    def __init__(self, name: str, ledger: Ledger, endpoint: Endpoint, *, calm: bool) -> None:
        self.name, self.ledger, self.endpoint = name, ledger, endpoint
        self.calm = calm  # whether a frame's note may wait for its commit, and few frames make an event

    def work(self) -> None:
        made = int(self.ledger.get("made") or b"0")
        if self.name == "sensor_reader" and made < FRAMES:
            self.endpoint.emit(Frame(device="ups", time=START + timedelta(seconds=made), values={"n": made}))
            self.ledger.put("made", str(made + 1).encode())

    def apply(self, message: Sequenced) -> None:
        what = f"{type(message).__name__} {message.time:%S}"  # type: ignore[attr-defined]
        may_wait = self.calm and (isinstance(message, Frame) or bool(self.endpoint.route.gathers))
        with self.ledger.may_wait() if may_wait else nullcontext():
            self.ledger.db.execute("INSERT INTO seen (what) VALUES (?)", (what,))
        makes_event = not self.calm or message.time.second in EVENTFUL  # type: ignore[attr-defined]
        if self.name == "event_processor" and isinstance(message, Frame) and makes_event:
            identity = event_id("home", "TICK", message.device, message.time)
            self.endpoint.emit(
                Event(id=identity, type="TICK", category="system", severity="info", time=message.time, site="home")
            )

    def flush(self) -> None:
        if self.name == "counter_store":
            (total,) = self.ledger.db.execute("SELECT count(*) FROM seen WHERE what LIKE 'Event%'").fetchone()
            self.endpoint.retain(
                Counter(type="TICK", total=total, last_hour=0, last_day=0, last_time=START, as_of=START)
            )

    def lost(self, _: str, stream: str, first: int, last: int) -> None:
        self.ledger.db.execute("INSERT INTO seen (what) VALUES (?)", (f"lost {stream} {first}-{last}",))


class House:
    """Three processes, a broker, a clock, and a bomb."""

    routes: Mapping[str, Route] = ROUTES

    def __init__(self, folder: Path, bomb: Bomb, *, calm: bool = False) -> None:
        self.folder = folder
        self.calm = calm
        self.delivery = DeliverySettings(window=40, batch=5) if calm else DeliverySettings(window=4, batch=5)
        self.events = list(EVENTFUL) if calm else list(range(FRAMES))
        self.now = 0.0
        self.broker = ListeningBroker()
        TrippingLedger.bomb = TrippingClient.bomb = bomb
        self.hops: dict[str, Endpoint] = {}
        self.workers: dict[str, Work] = {}
        self.deaths = 0
        for name in self.routes:
            self.start(name)

    def start(self, name: str) -> None:
        suite = SuiteSettings(delivery=self.delivery)
        clock = Clock(wall=lambda: START + timedelta(seconds=self.now), monotonic=lambda: self.now)
        while True:
            ledger = None
            try:
                ledger = TrippingLedger(self.folder / name / "ledger.sqlite", (STORED,))
                endpoint = Endpoint(self.routes[name], suite, ledger, clock, opener(self.broker, TrippingClient))
                self.workers[name] = self.worker(name, ledger, endpoint)
                endpoint.attach(self.workers[name])
                endpoint.open()
            except Died:
                self.deaths += 1
                if ledger is not None:
                    ledger.close()
                continue
            self.hops[name] = endpoint
            return

    def worker(self, name: str, ledger: Ledger, endpoint: Endpoint) -> Work:
        return Work(name, ledger, endpoint, calm=self.calm)

    def turn(self) -> None:
        for name in self.routes:
            endpoint = self.hops[name]
            try:
                endpoint.turn(0, self.workers[name].work)
            except Died:
                self.deaths += 1
                endpoint.client.vanish()  # type: ignore[attr-defined]
                endpoint.ledger.close()
                self.start(name)
        self.now += 7.0 if self.calm else 0.3

    def run(self, disturb: Callable[[House], None] = lambda _: None) -> None:
        for _ in range(400):
            self.turn()
            disturb(self)
            if self.settled():
                return
        pytest.fail(f"did not settle; the counter has {self.seen('counter_store')}")

    def settled(self) -> bool:
        wanted = {"sensor_reader": 0, "event_processor": FRAMES, "counter_store": FRAMES + len(self.events)}
        heads = {"raw": FRAMES, "event": len(self.events)}
        streams = [(name, out) for endpoint in self.hops.values() for name, out in endpoint.sender.streams.items()]
        return all(len(self.seen(name)) >= count for name, count in wanted.items()) and all(
            out.done() == out.head == heads.get(name, 0) for name, out in streams
        )

    def seen(self, name: str) -> list[str]:
        return [row[0] for row in self.hops[name].ledger.db.execute("SELECT what FROM seen ORDER BY place")]

    def close(self) -> None:
        for endpoint in self.hops.values():
            endpoint.ledger.close()


FRAMES_SEEN = [f"Frame {n:02}" for n in range(FRAMES)]


def check(house: House) -> None:
    assert FRAMES_SEEN == house.seen("event_processor")
    assert FRAMES_SEEN == [what for what in house.seen("counter_store") if what.startswith("Frame")]
    events = [f"Event {n:02}" for n in house.events]
    assert events == [what for what in house.seen("counter_store") if what.startswith("Event")]
    assert FRAMES + len(events) == len(house.seen("counter_store"))
    assert (sorted(house.broker.totals), len(events)) == (house.broker.totals, house.broker.totals[-1])


def boundaries(folder: Path, *, calm: bool) -> int:
    """Return how many boundaries an undisturbed run has."""
    bomb = Bomb(0)
    house = House(folder, bomb, calm=calm)
    house.run()
    check(house)
    house.close()
    return bomb.count


@pytest.mark.parametrize("calm", [False, True], ids=["busy", "calm"])
def test_dying_at_every_write_boundary_loses_and_repeats_nothing(tmp_path, calm):
    """For each boundary there is a run that dies there; each applies everything once and in order."""
    count = boundaries(tmp_path / "undisturbed", calm=calm)
    assert count > (60 if calm else 100)

    for at in range(1, count + 1):
        house = House(tmp_path / str(at), Bomb(at), calm=calm)
        house.run()
        check(house)
        assert house.deaths == 1, f"the bomb at {at} did not go off"
        house.close()


def test_a_broker_that_dies_with_everything_it_confirmed_loses_nothing(tmp_path):
    """The broker restarts empty after every third turn, and drops what it had confirmed before."""
    house = House(tmp_path, Bomb(0))
    turns = iter(range(1_000_000))

    def restart(house):
        if next(turns) % 3 == 0 and next(turns) < 60:
            house.now += STEADY_S  # a broker that dies, and no other process that fights for the name
            house.broker.restart()

    house.run(restart)

    check(house)
    house.close()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_a_wire_that_loses_messages_loses_nothing_in_the_end(tmp_path, share):
    """A share of all deliveries of a stream vanishes on the way; what is missing is asked for and comes again."""
    house = House(tmp_path, Bomb(0))
    chance = random.Random(7)  # noqa: S311 - repeatable
    house.broker.drop = lambda _, publication: not publication.retain and chance.random() < share

    house.run()

    check(house)
    house.close()


def test_a_retained_copy_of_a_message_is_no_message(tmp_path):
    """A broker hands retained messages out on every subscription; in a stream they would count each time."""
    house = House(tmp_path, Bomb(0))
    house.run()
    forged = b'{"producer":"sensor_reader","epoch":"e","seq":1,"time":"2026-01-01T00:00:00Z","device":"ups"}'
    topic = house.hops["counter_store"].topics.build("stream", "sensor_reader", "raw")
    house.broker.retained[topic] = Publication(topic, forged, retain=True)

    house.hops["counter_store"].client.cut("a reconnect")
    house.turn()
    house.turn()

    check(house)
    house.close()
