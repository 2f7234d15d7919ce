"""Calm frames and samples of live hardware leave before they are committed, and every boundary is a place to die.

A reader that dies loses what it had in memory alone, and that by promise; it never uses a number again for something
else. Each consumer applies every frame at most once and in order, and every event is counted exactly once. A processor
that dies makes its samples again, and the alerter judges each once.
"""

from __future__ import annotations

import random
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.alerter.adapters.seen_samples import SeenSamples
from shared.delivery.ahead import Ahead
from shared.delivery.commits import CALM_S, SPILL_S
from shared.delivery.endpoint import Endpoint
from shared.delivery.records import Row
from shared.delivery.route import Route
from shared.ledger import Ledger
from shared.messages import Event, Frame, Quality, Sequenced, StateSample, event_id
from shared.mqtt import Publication
from tests.unit.shared.test_crash_points import ROUTES, START, Bomb, House, Work

LAST = 9  # the frame after which the source is silent
OUTAGE = 4  # the frame from which the mains are away
BACK = 7  # the frame from which they are there again, of which no event is made
SETTLED = LAST + 5  # turns


SAMPLED = [1, 2, 4, 6, 7, 8]  # frames that make a sample where nobody dies
LIVE_ROUTES = {
    **ROUTES,
    "event_processor": Route(
        "event_processor", consumes=("raw",), produces={"event": ("counter_store",), "sample": ("alerter",)}
    ),
    "alerter": Route("alerter", consumes=("sample",)),
}


class LiveWork(Work):
    """Time makes the frames: who was away has not seen them. The first frame of the outage makes the event."""

    house: LiveHouse
    heard: SeenSamples

    def work(self) -> None:
        if self.name == "sensor_reader" and self.house.turns <= LAST:
            n = self.house.turns
            values: dict[str, Any] = {"n": n, "mains": not OUTAGE <= n < BACK}
            self.endpoint.emit(Frame(device="ups", time=START + timedelta(seconds=n), values=values))

    def apply(self, message: Sequenced) -> None:
        if isinstance(message, Event):
            with self.ledger.may_wait():
                self.note("Event")
            return
        if isinstance(message, StateSample):
            if self.heard.is_new(message):
                with self.ledger.may_wait():
                    self.note(f"Sample {message.values['n']:02}")
            return
        assert isinstance(message, Frame)
        with self.ledger.may_wait():
            self.note(f"Frame {message.values['n']:02}")
        if self.name == "event_processor":
            self.sample(message)
        if self.name == "event_processor" and not message.values["mains"] and self.ledger.get("outage") is None:
            self.ledger.put("outage", b"told")
            identity = event_id("home", "AC_POWER_LOSS", "ups", message.time)
            event = Event(
                id=identity, type="AC_POWER_LOSS", category="power", severity="info", time=message.time, site="home"
            )
            self.endpoint.emit(event)

    def sample(self, frame: Frame) -> None:
        """Sample every second frame, and each new word."""
        power = b"mains" if frame.values["mains"] else b"battery"
        if power == self.ledger.get("power") and frame.values["n"] % 2:
            return
        self.ledger.put_calmly("power", power)
        known = {"quality": Quality.GOOD, "power": power.decode(), "values": {"n": frame.values["n"]}}
        self.endpoint.emit(StateSample(device="ups", time=frame.time, **known))

    def flush(self) -> None:
        super().flush()
        self.heard.flush()

    def note(self, what: str) -> None:
        self.ledger.db.execute("INSERT INTO seen (what) VALUES (?)", (what,))


class LiveHouse(House):
    """The house of ``test_crash_points`` with a reader of hardware, and an alerter. A turn takes a second."""

    routes = LIVE_ROUTES

    def __init__(self, folder: Path, bomb: Bomb) -> None:
        self.turns = 0
        super().__init__(folder, bomb, calm=True)

    def worker(self, name: str, ledger: Ledger, endpoint: Endpoint) -> Work:
        worker = LiveWork(name, ledger, endpoint, calm=True)
        worker.house = self
        worker.heard = SeenSamples(ledger)
        return worker

    def run_live(self) -> None:
        for _ in range(SETTLED):
            self.turns += 1
            self.turn()
            self.now -= 6.0  # of the seven that a calm turn has there
        self.now += 2 * CALM_S
        for _ in range(10):  # who dies in the first of these has to hear a status, ask, and be heard
            self.turn()


def seen(house: House, name: str, kind: str = "Frame") -> list[int]:
    return [int(what.removeprefix(kind)) for what in house.seen(name) if what.startswith(kind)]


def check(house: House, deaths: int) -> None:
    """Check what came of the run; each death may cost the frames around it."""
    for name, kind, made in (
        ("event_processor", "Frame", LAST),
        ("counter_store", "Frame", LAST),
        ("alerter", "Sample", 7),
    ):
        found = seen(house, name, kind)
        assert sorted(set(found)) == found, f"{name} applied one twice or out of order: {found}"
        assert made - len(found) <= 4 * deaths, f"{name} lacks more than a death explains: {found}"
    assert sorted(house.broker.totals) == house.broker.totals, "a count went back"
    assert ["Event"] == [what for what in house.seen("counter_store") if what == "Event"]
    for word in (range(OUTAGE, BACK), range(BACK, LAST + 1)):
        first = min(n for n in seen(house, "event_processor") if n in word)
        assert first in seen(house, "alerter", "Sample"), "the frame of a new word is on the reader's disk"
    assert [] == [what for name in house.hops for what in house.seen(name) if what.startswith("lost")]


def test_dying_at_every_boundary_loses_no_event_and_repeats_nothing(tmp_path):
    """Only the frames around a death may be missing; those of the outage's beginning are on the disk before they go."""
    undisturbed = Bomb(0)
    with_all = LiveHouse(tmp_path / "undisturbed", undisturbed)
    with_all.run_live()
    every = list(range(1, LAST + 1))
    assert [every, every] == [seen(with_all, name) for name in ("event_processor", "counter_store")]
    assert SAMPLED == seen(with_all, "alerter", "Sample")
    with_all.close()
    assert undisturbed.count > 100

    for at in range(1, undisturbed.count + 1):
        house = LiveHouse(tmp_path / str(at), Bomb(at))
        house.run_live()
        try:
            check(house, 1)
        except AssertionError as error:
            raise AssertionError(f"died at {at}: {error}") from error
        house.close()


@pytest.mark.parametrize("seed", range(20))
def test_dying_again_and_again_loses_no_event_and_repeats_nothing(tmp_path, seed):
    """Producer and consumer in turn, before either has committed what it knew of the other."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    deaths = chance.randint(2, 5)
    house = LiveHouse(tmp_path, Bomb(*chance.sample(range(1, 200), deaths)))
    house.run_live()

    check(house, deaths)
    house.close()


@pytest.mark.parametrize("seed", range(10))
def test_a_calm_frame_that_the_wire_loses_is_asked_for(tmp_path, seed):
    """Nobody confirms it (ADR 0061): the next one, or a status, shows that it is missing."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    house = LiveHouse(tmp_path, Bomb(0))
    lost: list[str] = []

    def drop(client: str, publication: Publication) -> bool:
        is_lost = not publication.qos and publication.topic.endswith("/stream/raw") and chance.random() < 0.4
        lost.extend([client] if is_lost else [])
        return is_lost

    house.broker.drop = drop
    house.run_live()

    every = list(range(1, LAST + 1))
    assert lost
    assert [every, every] == [seen(house, name) for name in ("event_processor", "counter_store")]
    house.close()


@pytest.mark.parametrize(
    ("heard", "now", "unheard"),
    [(0, SPILL_S - 0.1, False), (0, SPILL_S, True), (2, SPILL_S, False), (1, SPILL_S, True), (2, SPILL_S + 1, False)],
)
def test_a_row_that_nobody_hears_is_written(heard, now, unheard):
    """A consumer that died may have heard less than it had said."""
    ahead = Ahead()
    ahead.note([Row("raw", seq, "t", b"", None, 0.0) for seq in (1, 2)], 0.0)
    ahead.unheard(now, {"raw": 2})

    assert unheard is ahead.unheard(now, {"raw": heard})


def test_a_row_that_every_consumer_has_on_its_disk_is_not_waited_for():
    """A batch may last for long, and most of its rows have gone by then."""
    ahead = Ahead()
    ahead.note([Row("raw", seq, "t", b"", None, float(seq)) for seq in (1, 2, 3)], 0.0)
    ahead.trimmed("raw", 2)
    one_left = ahead.unheard(SPILL_S, {"raw": 2})
    ahead.trimmed("raw", 3)

    assert (True, False) == (one_left, ahead.unheard(SPILL_S, {"raw": 0}))


def test_a_clean_stop_begins_no_epoch_and_a_death_does(tmp_path):
    """Only who let rows go ahead of its ledger, and died, may have used numbers that it does not know of."""
    house = LiveHouse(tmp_path, Bomb(0))
    house.run_live()
    first = house.hops["sensor_reader"].epoch

    house.hops["sensor_reader"].close()
    house.start("sensor_reader")
    after_a_stop = house.hops["sensor_reader"].epoch
    house.turns = 0
    house.run_live()
    house.hops["sensor_reader"].ledger.close()
    house.start("sensor_reader")

    assert first == after_a_stop
    assert first != house.hops["sensor_reader"].epoch
    with closing(house.hops["counter_store"].ledger) as ledger:
        assert 2 * LAST == ledger.db.execute("SELECT count(*) FROM seen WHERE what LIKE 'Frame%'").fetchone()[0]
    house.close()
