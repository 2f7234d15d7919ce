"""A ledger that went back to an older copy, and a consumer that only says so: neither costs a message or a ledger."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.clock import Clock
from shared.delivery.endpoint import Endpoint
from shared.delivery.inbound import ENDED
from shared.delivery.receiver import Receiver
from shared.delivery.records import Records
from shared.delivery.route import Route
from shared.delivery.track import Track
from shared.ledger import Ledger
from shared.messages import Candidate, Continued, Frame, Sequenced, Status, StreamEnds
from shared.mqtt import Publication
from shared.suite import SuiteSettings
from tests.support.fakes.broker import FakeBroker, opener

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOME = "upskeep/v1/home"
NAMES = ("counter_store", "event_processor")
READER = Route("sensor_reader", produces={"raw": NAMES})
NOTED = "CREATE TABLE IF NOT EXISTS noted (place INTEGER PRIMARY KEY, n INTEGER)"


class Noting:
    """Notes the number of every frame, in its ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def apply(self, message: Sequenced) -> None:
        assert isinstance(message, Frame)
        self.ledger.db.execute("INSERT INTO noted (n) VALUES (?)", (message.values["n"],))


class House:
    """A reader and its two consumers on a fake broker, each with a ledger on disk."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.broker, self.folder, self.stack = FakeBroker(), folder, stack
        self.now = 0.0
        self.hops: dict[str, Endpoint] = {}
        for route in (*(Route(name, consumes=("raw",)) for name in NAMES), READER):
            self.start(route)

    def start(self, route: Route) -> None:
        ledger = Ledger(self.folder / f"{route.name}.sqlite", (NOTED,))
        self.stack.callback(ledger.close)
        clock = Clock(wall=lambda: NOW + timedelta(seconds=self.now), monotonic=lambda: self.now)
        endpoint = Endpoint(route, SuiteSettings(), ledger, clock, opener(self.broker))
        endpoint.attach(Noting(ledger))
        endpoint.open()
        self.hops[route.name] = endpoint

    def stop(self, name: str) -> None:
        self.hops[name].client.vanish()  # type: ignore[attr-defined]
        self.hops.pop(name).ledger.close()

    def emit(self, *numbers: int) -> None:
        reader = self.hops["sensor_reader"]

        def work() -> None:
            for number in numbers:
                words = {"n": number, "word": str(number)}  # a new word is on the disk before it leaves
                reader.emit(Frame(time=NOW + timedelta(seconds=number), device="ups", values=words))

        reader.turn(0, work)

    def settle(self, turns: int = 12) -> None:
        for _ in range(turns):
            self.now += 0.6
            for endpoint in self.hops.values():
                endpoint.turn(0)

    def noted(self, name: str) -> list[int]:
        return [n for (n,) in self.hops[name].ledger.db.execute("SELECT n FROM noted ORDER BY place")]

    def checkpoint(self, seq: int, epoch: str) -> None:
        topic = f"{HOME}/wire/counter_store/checkpoint/sensor_reader"
        text = f'{{"epoch":"{epoch}","seq":{seq}}}'
        payload = f'{{"consumer":"counter_store","producer":"sensor_reader","streams":{{"raw":{text}}}}}'
        self.broker.route(Publication(topic, payload.encode(), retain=True))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(tmp_path, stack)


def offers(house: House) -> list[Candidate]:
    rows = house.hops["sensor_reader"].records.db.execute("SELECT payload FROM outbox WHERE stream = 'ingest'")
    return [Candidate.model_validate_json(payload) for (payload,) in rows]


def copy(house: House, name: str) -> Path:
    kept = house.folder / "kept.sqlite"
    house.hops[name].ledger.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(house.folder / f"{name}.sqlite", kept)
    return kept


def put_back(house: House, kept: Path) -> None:
    for path in house.folder.glob("sensor_reader.sqlite*"):
        path.unlink()
    kept.rename(house.folder / "sensor_reader.sqlite")


def test_a_ledger_that_went_back_goes_on_under_a_new_epoch_and_nothing_new_is_passed_over(house: House) -> None:
    """Its next numbers have been used already: consumers would take what is new for repeats."""
    house.emit(1, 2)
    house.settle()
    kept = copy(house, "sensor_reader")
    house.emit(3, 4, 5)
    house.settle()
    before = house.hops["sensor_reader"].epoch
    house.stop("sensor_reader")
    put_back(house, kept)
    house.start(READER)
    house.emit(30, 40)
    house.settle()
    house.emit(50)
    house.settle()

    assert [[1, 2, 3, 4, 5, 30, 40, 50]] * 2 == [house.noted(name) for name in NAMES]
    assert before != house.hops["sensor_reader"].epoch
    assert ["system.ledger.went_back"] == [offer.type for offer in offers(house)]
    assert 0 == house.hops["sensor_reader"].lag("raw")


def test_a_forged_checkpoint_beyond_the_head_costs_no_message_and_no_ledger(house: House) -> None:
    """Who can write as a consumer can make one new epoch in the life of a process, and that loses nothing."""
    house.emit(1, 2, 3)
    house.settle()
    house.emit(4)
    house.checkpoint(10**9, house.hops["sensor_reader"].epoch)
    house.settle()
    house.emit(5)
    renewed = house.hops["sensor_reader"].epoch
    house.checkpoint(10**9, renewed)
    house.settle()
    house.emit(6)
    house.settle()

    assert [[1, 2, 3, 4, 5, 6]] * 2 == [house.noted(name) for name in NAMES]
    assert renewed == house.hops["sensor_reader"].epoch
    assert 0 == house.hops["sensor_reader"].lag("raw")


@pytest.mark.parametrize("away", NAMES)
def test_a_consumer_that_was_away_over_two_epochs_goes_on_where_it_was(house: House, away: str) -> None:
    """The status names every epoch that the numbers went through."""
    house.emit(1, 2)
    house.settle()
    house.stop(away)
    for number in (3, 4):
        house.emit(number)
        house.settle()
        house.checkpoint(10**9, house.hops["sensor_reader"].epoch)
        house.settle()
        house.stop("sensor_reader")
        house.start(READER)
        house.settle()
    house.start(Route(away, consumes=("raw",)))
    house.emit(5)
    house.settle()

    assert [[1, 2, 3, 4, 5]] * 2 == [house.noted(name) for name in NAMES]


def test_a_new_epoch_survives_a_restart_of_everybody(house: House) -> None:
    """What was stamped anew is in the ledgers."""
    house.emit(1, 2)
    house.checkpoint(10**9, house.hops["sensor_reader"].epoch)
    house.settle()
    for name in (*NAMES, "sensor_reader"):
        house.stop(name)
    house.broker.restart()
    for route in (*(Route(name, consumes=("raw",)) for name in NAMES), READER):
        house.start(route)
    house.emit(3)
    house.settle()

    assert [[1, 2, 3]] * 2 == [house.noted(name) for name in NAMES]


@pytest.mark.parametrize("old", ["a", "z"], ids=["sorted before the new one", "sorted after it"])
def test_a_consumer_that_died_in_a_continued_epoch_goes_on_in_it_where_it_was(tmp_path: Path, old: str) -> None:
    """The epoch that is over says nothing any more of how far the one that goes on with it has been applied."""
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        records = Records(ledger)
        site, new = records.site, "m"
        tracks = {Track(site, "sensor_reader", "raw", old): ENDED, Track(site, "sensor_reader", "raw", new): 2}
        with ledger.transaction():
            records.save_applied(tracks)
        receiver = Receiver("counter_store", records, {"raw": Frame}, 100)
        continued = Continued(epoch=old, start={"raw": 3}, end={"raw": 3})
        status = Status(
            service="sensor_reader",
            state="online",
            epoch=new,
            streams={"raw": StreamEnds(floor=1, head=3)},
            continues=(continued,),
        )
        receiver.announced(status, 0.0)
        frame = Frame(producer="sensor_reader", epoch=new, seq=3, time=NOW, device="ups")

        (applied,) = receiver.receive("sensor_reader", "raw", "t", frame.model_dump_json().encode(), 0.0)

    assert isinstance(applied, Frame)
    assert 3 == applied.seq
