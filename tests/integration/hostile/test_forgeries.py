"""Forgeries at a real Mosquitto with the repo's own ACL: a user without rights, a rogue agent, a rogue reader.

Each was seen to work before the wire had a branch of its own (docs/adr/0024). The good stream must go on, exactly once.
The embedded broker enforces no rights: what holds there is what the services check by themselves.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.mqtt import Confirmed, MqttClient, Publication
from shared.suite import BrokerSettings
from tests.conftest import Require
from tests.hostile.rights import LEAST, guarded_broker, login
from tests.support.brokers import EMBEDDED, MOSQUITTO, Broker, free_port
from tests.support.delivery_nodes import consumer, producer, turn_until

AGENT, READER = "host_agent-evil", "sensor_reader-evil"
USERS = ("sensor_reader", "event_processor", "counter_store", LEAST, AGENT, READER)
HOME = "upskeep/v1/home"
FAR = "9000-01-01T00:00:00Z"


GUARDED = pytest.param(MOSQUITTO, marks=pytest.mark.mosquitto)
only_guarded = pytest.mark.parametrize("broker", [GUARDED], indirect=True)
either = pytest.mark.parametrize("broker", [GUARDED, EMBEDDED], indirect=True)


@pytest.fixture(scope="module")
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, require: Require
) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("broker")
    if request.param == EMBEDDED:
        made = Broker(EMBEDDED, free_port(), folder)
    else:
        require.program("mosquitto")
        require.program("mosquitto_passwd")
        made = guarded_broker(folder, USERS, "persistence false")
    made.start()
    yield made
    made.stop()


def _settings(broker: Broker, user: str) -> BrokerSettings:
    """Say how a user reaches the broker: the embedded one knows no users."""
    return broker.settings if broker.kind == EMBEDDED else login(broker.folder, user, broker.settings.url)


class Site:
    """A reader and its two consumers, each as its own user, and whoever else is at the broker."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.broker = broker
        settings = {user: _settings(broker, user) for user in USERS}
        self.settings = settings
        self.reader = producer(folder, settings["sensor_reader"], ("event_processor", "counter_store"))
        self.takers = [consumer(folder, settings[name], name) for name in ("event_processor", "counter_store")]
        self.nodes = [self.reader, *self.takers]

    def count(self, number: int) -> None:
        """Emit so many numbers, and wait until both consumers have them and the reader knows."""
        self.reader.emit(number)
        wanted = list(range(1, self.reader.count + 1))
        turn_until(self.nodes, lambda: all(len(t.noted) >= len(wanted) for t in self.takers), "all have them")
        turn_until(self.nodes, lambda: self.reader.endpoint.lag("raw") == 0, "the reader knows")
        assert [wanted, wanted] == [taker.noted for taker in self.takers]

    def forge(self, user: str, topic: str, content: dict[str, Any], times: int = 1, *, retain: bool = False) -> int:
        """Publish as a user; returns how many the broker let pass."""
        client, answers = MqttClient(self.settings[user], f"evil-{user}", [], persistent=False), []
        client.open()
        handed, until = 0, time.monotonic() + 90
        payload = json.dumps(content).encode()
        while len(answers) < times:
            assert time.monotonic() < until, "the broker does not answer"
            answers += [each for each in client.poll(100, 0.02) if isinstance(each, Confirmed)]
            while handed < times and client.publish(Publication(f"{HOME}/{topic}", payload, retain), handed):
                handed += 1
            for node in self.nodes:
                node.turn()
        client.close()
        return sum(answer.refusal is None for answer in answers)

    def close(self) -> None:
        for node in self.nodes:
            node.stop()


@pytest.fixture
def site(broker: Broker, tmp_path: Path) -> Iterator[Site]:
    made = Site(broker, tmp_path)
    made.count(20)
    yield made
    made.close()


def frame(name: str, seq: int = 1, **more: Any) -> dict[str, Any]:
    now = "2026-11-28T05:50:00Z"
    return {"producer": name, "epoch": "e", "seq": seq, "time": now, "device": "x", "values": {"n": 1}} | more


FORGERIES: dict[str, tuple[str, Callable[[Site], dict[str, Any]]]] = {
    "a frame in the reader's name": (
        "wire/sensor_reader/stream/raw",
        lambda site: frame("sensor_reader", 21, epoch=site.reader.endpoint.epoch),
    ),
    "a frame on a public topic": ("raw/x", lambda _: frame("my reader")),
    "a checkpoint beyond the head": (
        "wire/counter_store/checkpoint/sensor_reader",
        lambda site: {
            "consumer": "counter_store",
            "producer": "sensor_reader",
            "streams": {"raw": {"epoch": site.reader.endpoint.epoch, "seq": 10**6}},
        },
    ),
    "a resend that steps over a million": (
        "wire/sensor_reader/resend/counter_store",
        lambda site: {
            "consumer": "counter_store",
            "producer": "sensor_reader",
            "stream": "raw",
            "epoch": site.reader.endpoint.epoch,
            "floor": 10**6,
            "head": 10**6,
        },
    ),
    "a status of the processor": (
        "status/event_processor",
        lambda _: (
            {"service": "event_processor", "state": "online", "epoch": "aaaaaaaaaaaa", "event_time": FAR}
            | {"streams": {"event": {"floor": 1, "head": 0}}}
        ),
    ),
}


@only_guarded
@pytest.mark.parametrize("user", [LEAST, AGENT, READER])
@pytest.mark.parametrize("forgery", FORGERIES)
def test_nobody_speaks_in_anothers_name(site: Site, user: str, forgery: str) -> None:
    """The broker refuses it, or no service listens there; the stream goes on, exactly once."""
    topic, content = FORGERIES[forgery]
    passed = site.forge(user, topic, content(site), 5, retain=True)

    assert (5 if (topic, user) == ("raw/x", READER) else 0) == passed
    site.count(20)
    assert [0, 0] == [taker.endpoint.receiver.lost for taker in site.takers]


@pytest.mark.parametrize("broker", [EMBEDDED], indirect=True)
@pytest.mark.parametrize("forgery", [name for name in FORGERIES if "beyond" in name or "million" in name])
def test_what_cannot_be_true_is_refused_where_no_broker_refuses_it(site: Site, forgery: str) -> None:
    """A checkpoint or floor that no sound service could send trims nothing and steps over nothing."""
    topic, content = FORGERIES[forgery]
    assert 5 == site.forge(LEAST, topic, content(site), 5, retain=True)
    site.count(20)
    assert [0, 0] == [taker.endpoint.receiver.lost for taker in site.takers]


@either
@pytest.mark.parametrize(
    "content",
    [
        {"service": "event_processor", "state": "online", "epoch": "aaaaaaaaaaaa", "event_time": FAR},
        {"service": "sensor_reader", "state": "offline"},
        {"service": "sensor_reader", "state": "online", "epoch": "b", "streams": {"raw": {"floor": 9, "head": 10**6}}},
    ],
)
def test_a_status_on_its_own_topic_speaks_for_nobody_else(site: Site, content: dict[str, Any]) -> None:
    """The broker lets it pass, for the topic is the user's own; what it names is another's."""
    assert 3 == site.forge(AGENT, f"status/{AGENT}", {"streams": {"event": {"floor": 1, "head": 0}}} | content, 3)
    site.count(20)
    assert {"sensor_reader"} == {name for taker in site.takers for name in taker.endpoint.receiver.current}
    assert [2026, 2026] == [taker.endpoint.time.now.year for taker in site.takers]


@either
def test_a_rogue_reader_harms_nobody_but_itself(site: Site) -> None:
    """Bad names, places and epochs, and a frame of year 9000, under a name that may be a reader's."""
    bad = (
        frame(READER, time=FAR),
        frame(READER, time=FAR, simulated=True, seq=2),
        frame("sensor_reader", 21),
        frame("my reader"),
        frame(READER, epoch="a b"),
        frame(READER, 10**30),
        *(frame(READER, epoch=f"e{number}") for number in range(30)),
    )
    passed = sum(site.forge(READER, f"wire/{READER}/stream/raw", content) for content in bad)

    assert len(bad) == passed
    site.reader.emit(20)
    turn_until(site.nodes, lambda: site.reader.endpoint.lag("raw") == 0, "the reader knows")
    for taker in site.takers:
        good = [n for n in taker.noted if n != 1]  # the rogue counts as 1
        assert list(range(2, 41)) == good
        assert [2026] == [taker.endpoint.time.now.year]
        assert len([track for track in taker.endpoint.receiver.tracks if track.producer == READER]) <= 9


@either
def test_a_flood_of_bad_messages_costs_a_bounded_number_of_dead_letters(site: Site) -> None:
    """And an event says that there is one."""
    assert 3000 == site.forge(READER, f"wire/{READER}/stream/raw", frame("somebody"), 3000)
    site.count(20)
    for taker in site.takers:
        letters = taker.endpoint.sender.streams["deadletter"].head
        assert letters <= 150
        assert taker.figures["refused_unkept"] > 1000  # the broker itself drops some of a flood
