"""Latest values reach a handler that follows their kind, marked when the broker had kept them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.clock import Clock
from shared.delivery.endpoint import Endpoint
from shared.delivery.retained import SETTLE_S
from shared.delivery.route import Route
from shared.delivery.status_pace import HEARTBEAT_S, STATUS_S
from shared.ledger import Ledger
from shared.messages import DeviceState, Message, Quality
from shared.mqtt import Arrived, Publication
from shared.suite import SuiteSettings
from tests.support.fakes.broker import FakeBroker, FakeClient, opener

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATE = "upskeep/v1/home/state/ups"


class Follower:
    """A handler that keeps what it follows."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bool]] = []
        self.sets: list[str] = []

    def follow(self, message: Message, *, retained: bool) -> None:
        self.heard.append((type(message).__name__, retained))

    def cleared(self, kind: str, parts: tuple[str, ...]) -> None:
        self.sets.append("/".join((kind, *parts)))

    def begin_set(self) -> None:
        self.sets.append("begin")

    def end_set(self) -> None:
        self.sets.append("end")


class Scene:
    """A following service on a fake broker."""

    def __init__(self, folder: Path, *, persistent: bool = True) -> None:
        self.broker = FakeBroker()
        self.ledger = Ledger(folder / "ledger.sqlite")
        route = Route(name="follower", follows=("state", "status"), persistent_session=persistent)
        self.now = 0.0
        clock = Clock(wall=lambda: NOON + timedelta(seconds=self.now), monotonic=lambda: self.now)
        self.endpoint = Endpoint(route, SuiteSettings(), self.ledger, clock, opener(self.broker))
        self.handler = Follower()
        self.endpoint.attach(self.handler)

    def say(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        self.broker.route(Publication(topic, payload, retain=retain))
        self.endpoint.turn(0)

    def pass_time(self, seconds: float) -> None:
        """Let time pass in steps of a status each; what the broker routes in one is heard in the next."""
        until = self.now + seconds
        while self.now < until:
            self.now += STATUS_S
            self.endpoint.turn(0)


PRODUCER = "upskeep/v1/home/status/event_processor"
ONLINE = b'{"service": "event_processor", "state": "online"}'


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    with closing(made.ledger):
        yield made


def state(power: str = "battery") -> bytes:
    found = DeviceState(device="ups", time=NOON, quality=Quality.GOOD, power=power)
    return found.model_dump_json(exclude_none=True).encode()


def test_what_the_broker_kept_is_marked_and_what_is_said_now_is_not(scene: Scene) -> None:
    """A retained copy may be of any age."""
    scene.broker.route(Publication(STATE, state(), retain=True))
    scene.endpoint.open()
    scene.endpoint.turn(0)
    scene.say(STATE, state("mains"))

    assert [("DeviceState", True), ("DeviceState", False)] == scene.handler.heard


def test_a_status_is_followed_besides_its_use_in_delivery(scene: Scene) -> None:
    """The own one is not."""
    scene.endpoint.open()
    scene.say("upskeep/v1/home/status/other", b'{"service": "other", "state": "offline"}')

    assert [("Status", False)] == scene.handler.heard


def test_kinds_not_followed_and_cleared_topics_say_nothing(scene: Scene) -> None:
    """Only what the route names, and no empty payload."""
    scene.endpoint.open()
    scene.say("upskeep/v1/home/alert/a/b", b"{}")
    scene.say(STATE, b"")

    assert [] == scene.handler.heard


def test_a_topic_that_is_emptied_is_said_to_be(scene: Scene) -> None:
    """Of kinds that are followed."""
    scene.endpoint.open()
    scene.say("upskeep/v1/home/alert/a/b", b"")
    scene.say(STATE, b"")

    assert ["begin", "state/ups"] == scene.handler.sets


def test_the_set_is_complete_once_producer_and_own_status_were_heard_and_it_is_quiet(scene: Scene) -> None:
    """On each connection anew; a status that the broker kept says nothing of who lives now."""
    scene.broker.route(Publication(STATE, state(), retain=True))
    scene.broker.route(Publication(PRODUCER, ONLINE, retain=True))
    scene.endpoint.open()
    scene.pass_time(10 * SETTLE_S)
    assert ["begin"] == scene.handler.sets

    scene.say(PRODUCER, ONLINE)
    scene.pass_time(SETTLE_S - 1)
    assert ["begin"] == scene.handler.sets
    scene.pass_time(2 * HEARTBEAT_S)
    assert ["begin", "end"] == scene.handler.sets

    scene.endpoint.client.vanish()
    scene.endpoint.client.connect()
    scene.pass_time(2 * SETTLE_S)
    assert ["begin", "end", "begin"] == scene.handler.sets


def test_a_value_that_cannot_be_read_goes_to_the_dead_letters(scene: Scene) -> None:
    """And the service goes on."""
    listener = FakeClient(scene.broker, "listener", ("upskeep/v1/home/deadletter/#",))
    listener.open()
    scene.endpoint.open()
    scene.say(STATE, b"{}")
    scene.endpoint.turn(0)
    scene.say(STATE, state())

    assert [("DeviceState", False)] == scene.handler.heard
    assert "upskeep/v1/home/deadletter/follower" in [topic for _, topic in scene.broker.passed]


@pytest.mark.parametrize(("persistent", "expected"), [(True, 2), (False, 1)])
def test_a_session_that_is_not_persistent_gets_no_backlog(tmp_path: Path, persistent: bool, expected: int) -> None:
    """What was said while it was away would look as if it were said now."""
    scene = Scene(tmp_path, persistent=persistent)
    with closing(scene.ledger):
        scene.endpoint.open()
        scene.say(STATE, state(), retain=False)
        scene.endpoint.client.vanish()
        scene.broker.route(Publication(STATE, state("mains"), retain=False))
        scene.endpoint.client.connect()
        scene.endpoint.turn(0)

        assert expected == len(scene.handler.heard)


def test_a_value_that_is_replaced_at_once_goes_out_before_its_successor(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever listens sees both in order, and the broker keeps the newer; what is too large is dropped and logged."""
    listener = FakeClient(scene.broker, "listener", ("upskeep/v1/home/state/#",))
    listener.open()
    listener.inbox.clear()
    scene.endpoint.open()
    battery = DeviceState.model_validate_json(state())
    scene.endpoint.publish_replaced(battery.model_copy(update={"zone": "z" * 1_100_000}))
    scene.endpoint.publish_replaced(battery)
    scene.endpoint.retain(battery.model_copy(update={"power": "mains"}))
    scene.endpoint.turn(0)

    payloads = [arrived.payload for arrived in listener.inbox if isinstance(arrived, Arrived)]
    assert ["battery", "mains"] == [DeviceState.model_validate_json(payload).power for payload in payloads]
    assert b'"mains"' in scene.broker.retained[STATE].payload
    assert [f"a passing value of {STATE} has"] == [text[: text.index(" has") + 4] for text in caplog.messages]
    assert 1 == scene.endpoint.sender.dropped
