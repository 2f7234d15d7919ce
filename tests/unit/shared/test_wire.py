"""What leaves on the wire and beside it, and what is believed of what comes: the topic says who speaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clock import Clock
from shared.delivery.endpoint import Endpoint
from shared.delivery.frame_head import FrameHead
from shared.delivery.route import Route, route_of
from shared.kinds import KINDS
from shared.ledger import Ledger
from shared.messages import DeadLetter, Event, Frame, Sequenced
from shared.mqtt import Arrived, Confirmed, Publication
from shared.suite import DeliverySettings, SuiteSettings
from tests.support.fakes.broker import FakeBroker, FakeClient, opener

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOME = "upskeep/v1/home"
FRAME = Frame(time=NOW, device="ups", values={"n": 1})
EVENT = Event(id="1", type="X", category="power", severity="info", time=NOW, site="home")


class Applied:
    """A handler that keeps what it applies."""

    def __init__(self) -> None:
        self.applied: list[Sequenced] = []

    def apply(self, message: Sequenced) -> None:
        self.applied.append(message)


class Scene:
    """One service on a fake broker, and a listener that hears everything."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.broker, self.folder, self.stack = FakeBroker(), folder, stack
        self.listener = FakeClient(self.broker, "listener", (f"{HOME}/#",))
        self.listener.open()
        self.wall = NOW
        self.sent: list[Publication] = []
        route, self.broker.route = self.broker.route, self.note  # type: ignore[method-assign]
        self.deliver = route

    def note(self, publication: Publication) -> None:
        self.sent.append(publication)
        self.deliver(publication)

    def start(
        self,
        route: Route,
        client: type[FakeClient] = FakeClient,
        handler: Applied | None = None,
        suite: SuiteSettings | None = None,
    ) -> tuple[Endpoint, Applied]:
        ledger = self.stack.enter_context(closing(Ledger(self.folder / f"{route.name}.sqlite")))
        clock = Clock(wall=lambda: self.wall, monotonic=lambda: 0.0)
        endpoint = Endpoint(route, suite or SuiteSettings(), ledger, clock, opener(self.broker, client))
        handler = handler or Applied()
        endpoint.attach(handler)
        endpoint.open()
        endpoint.turn(0)
        return endpoint, handler

    def say(self, endpoint: Endpoint, topic: str, content: dict[str, Any]) -> None:
        self.broker.route(Publication(f"{HOME}/{topic}", json.dumps(content).encode()))
        endpoint.turn(0)
        endpoint.turn(0)

    def on(self, kind: str) -> list[Publication]:
        return [each for each in self.sent if each.topic.startswith(f"{HOME}/{kind}/")]

    def letters(self) -> list[str]:
        arrived = [item for item in self.listener.inbox if isinstance(item, Arrived)]
        return [DeadLetter.model_validate_json(item.payload).reason for item in arrived if "/deadletter/" in item.topic]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        yield Scene(tmp_path, stack)


READER = Route("sensor_reader", produces={"raw": ("counter_store",)})
PROCESSOR = Route("event_processor", produces={"event": ("counter_store",)})
STORE = Route("counter_store", consumes=("raw",))


def frame(producer: str = "sensor_reader", seq: int = 1, **more: Any) -> dict[str, Any]:
    return {"producer": producer, "epoch": "e", "seq": seq, "time": NOW.isoformat(), "device": "ups"} | more


# ---- what leaves


def test_a_frame_leaves_on_the_wire_and_as_a_public_copy_that_nobody_confirms(scene: Scene) -> None:
    """The same bytes; the public copy costs no place of those that wait for a confirmation."""
    endpoint, _ = scene.start(READER)
    endpoint.emit(FRAME)
    endpoint.turn(0)

    (wire,), (public,) = scene.on("wire/sensor_reader/stream"), scene.on("raw")
    assert f"{HOME}/wire/sensor_reader/stream/raw" == wire.topic
    assert f"{HOME}/raw/ups" == public.topic
    assert wire.payload == public.payload
    assert (1, 0) == (wire.qos, public.qos)


def test_an_event_leaves_on_the_wire_and_as_a_confirmed_public_copy_with_its_attributes(scene: Scene) -> None:
    """CloudEvents attributes are for other programs; a service has no use for them."""
    endpoint, _ = scene.start(PROCESSOR)
    endpoint.emit(EVENT)
    endpoint.turn(0)

    (wire,), (public,) = scene.on("wire/event_processor/stream"), scene.on("event")
    assert wire.payload == public.payload
    assert (1, 1) == (wire.qos, public.qos)
    assert wire.attributes is None
    assert public.attributes is not None
    assert "1.0" == public.attributes["specversion"]


@pytest.mark.parametrize("text", ["x" * 4000, '"' * 2100], ids=["long", "twice as long in a resend"])
def test_what_no_broker_passes_leaves_as_a_place_without_content(scene: Scene, text: str) -> None:
    """Mosquitto ends the connection of who sends more than a mebibyte: the service would try again for good."""
    endpoint, _ = scene.start(READER)
    store, consumer = scene.start(STORE)
    large = FRAME.model_copy(update={"values": {f"c{n}": text for n in range(250)}})
    for message in (FRAME, large, FRAME):
        endpoint.emit(message)
    endpoint.retain(EVENT.model_copy(update={"data": {"a": text * 500}}))
    for service in (endpoint, store, endpoint, store):
        service.turn(0)

    assert max(len(each.payload) for each in scene.sent) < 1_000
    assert [1, 3] == [message.seq for message in consumer.applied]
    assert 1 == sum("time: Field required" in letter for letter in scene.letters())
    assert 2 == endpoint.status().figures["dropped"]


def test_the_public_copy_of_a_frame_leaves_once_also_across_a_reconnect(scene: Scene) -> None:
    """What the broker did not confirm leaves again, on the wire alone."""

    class Unconfirmed(FakeClient):
        def poll(self, limit: int, timeout_s: float) -> list[Any]:
            return [item for item in super().poll(limit, timeout_s) if not isinstance(item, Confirmed)]

    endpoint, _ = scene.start(READER, Unconfirmed)
    endpoint.emit(FRAME)
    endpoint.turn(0)
    endpoint.client.cut("a reconnect")  # type: ignore[attr-defined]
    endpoint.turn(0)

    assert (2, 1) == (len(scene.on("wire/sensor_reader/stream")), len(scene.on("raw")))


def test_an_event_stays_until_its_public_copy_is_confirmed_too(scene: Scene) -> None:
    """A consumer that has applied it does not speak for Node-RED."""

    class Refusing(FakeClient):
        refuse = True

        def publish(self, publication: Publication, token: Any = None) -> bool:
            if self.refuse and "/event/" in publication.topic:
                return False
            return super().publish(publication, token)

    endpoint, _ = scene.start(PROCESSOR, Refusing)
    endpoint.emit(EVENT)
    for _ in range(3):
        endpoint.turn(0)
    mark = {"epoch": endpoint.epoch, "seq": 1}
    applied = {"consumer": "counter_store", "producer": "event_processor", "streams": {"event": mark}}
    scene.say(endpoint, "wire/counter_store/checkpoint/event_processor", applied)
    assert (1, 1) == (endpoint.sender.streams["event"].floor, endpoint.sender.streams["event"].head)
    assert [] == scene.on("event")

    Refusing.refuse = False
    for number in ("2", "3"):  # a row is deleted with the next one that is written
        endpoint.emit(EVENT.model_copy(update={"id": number}))
        for _ in range(3):
            endpoint.turn(0)

    assert ["1", "2", "3"] == [json.loads(each.payload)["id"] for each in scene.on("event")]
    assert 2 == endpoint.sender.streams["event"].floor


def test_no_service_subscribes_to_public_copies_of_what_it_consumes() -> None:
    """So nobody outside can put anything into a stream, and the second copy costs no service anything."""
    for name in ("sensor_reader", "event_processor", "counter_store", "alerter"):
        with closing(Ledger(":memory:")) as ledger:
            clock = Clock(wall=lambda: NOW, monotonic=lambda: 0.0)
            endpoint = Endpoint(route_of(name), SuiteSettings(), ledger, clock, opener(FakeBroker()))
            public = {f"{HOME}/{kind.name}/" for kind in KINDS.values() if kind.sequenced and kind.consumers}
            assert not [each for each in endpoint.client.subscriptions if each.startswith(tuple(public))]


def test_a_backlog_leaves_in_packs_and_each_frame_of_it_as_a_public_copy(scene: Scene) -> None:
    """A message of the wire holds up to a hundred rows, one a line; a consumer applies each of them."""
    store, consumer = scene.start(STORE)
    endpoint, _ = scene.start(READER)
    for _ in range(250):
        endpoint.emit(FRAME)
    endpoint.turn(0)
    store.turn(0)

    on_wire = scene.on("wire/sensor_reader/stream")
    assert [100, 100, 50] == [each.payload.count(b"\n") + 1 for each in on_wire]
    assert [each.payload for each in scene.on("raw")] == [
        line for each in on_wire for line in each.payload.split(b"\n")
    ]
    assert list(range(1, 251)) == [message.seq for message in consumer.applied]
    assert 250 == store.receiver.marks()["sensor_reader"]["raw"].seq


def test_events_leave_in_packs_within_the_places_there_are(scene: Scene) -> None:
    """A pack costs one place and each public copy one: nothing is handed over that finds no room."""
    endpoint, _ = scene.start(PROCESSOR)
    for number in range(250):
        endpoint.emit(EVENT.model_copy(update={"id": str(number)}))
    left = []
    for _ in range(4):
        endpoint.turn(0)
        left.append((len(scene.on("wire/event_processor/stream")), len(scene.on("event"))))

    assert [(1, 99), (2, 198), (3, 250)] == left[:3]
    assert 250 == endpoint.sender.streams["event"].published


def test_a_line_that_cannot_be_read_is_refused_alone(scene: Scene) -> None:
    """Those beside it are applied; a message of too many lines, or of none of ours, is one refusal."""
    endpoint, handler = scene.start(STORE)
    lines = [json.dumps(frame(seq=1)), "no JSON", json.dumps(frame("sensor_reader-b")), "", json.dumps(frame(seq=2))]
    topic = f"{HOME}/wire/sensor_reader/stream/raw"
    scene.broker.route(Publication(topic, "\n".join(lines).encode()))
    scene.broker.route(Publication(topic, b"\n" * 1000))
    scene.broker.route(Publication(topic, b"noise\n\n\xff"))
    scene.broker.route(Publication(topic, json.dumps(frame(seq=3)).encode()))
    for _ in range(2):
        endpoint.turn(0)

    assert [1, 2, 3] == [message.seq for message in handler.applied]
    letters = scene.letters()
    assert 5 == len(letters)
    assert "holds 1001 lines; a message of the wire may hold 1000" in letters[3]


def test_readings_have_no_public_copy_where_the_setting_says_so(scene: Scene) -> None:
    """An event has one all the same."""
    quiet = SuiteSettings(delivery=DeliverySettings(publish_readings=False))
    endpoint, _ = scene.start(READER, suite=quiet)
    endpoint.emit(FRAME)
    endpoint.turn(0)
    processor, _ = scene.start(PROCESSOR, suite=quiet)
    processor.emit(EVENT)
    processor.turn(0)

    assert (1, 0) == (len(scene.on("wire/sensor_reader/stream")), len(scene.on("raw")))
    assert (1, 1) == (len(scene.on("wire/event_processor/stream")), len(scene.on("event")))


def test_heads_are_taken_by_the_rules_of_frames(scene: Scene) -> None:
    """A head that cannot be read, or whose time is not believed, is a dead letter; what follows a head is not read."""
    endpoint, handler = scene.start(STORE)
    endpoint.receiver.read_as("raw", FrameHead)
    later = (NOW + timedelta(days=30)).isoformat()
    for seq, more in enumerate(({}, {"values": 7}, {"time": "noon"}, {"time": later}, {"device": "a/b"}, {}), start=1):
        scene.say(endpoint, "wire/sensor_reader/stream/raw", frame(seq=seq, **more))

    assert [FrameHead(**frame(seq=seq)) for seq in (1, 2, 6)] == handler.applied
    reasons = ("time: Input should be a valid datetime", "more than 24 h ahead", "device: String should match pattern")
    assert [True] * 3 == [part in letter for part, letter in zip(reasons, scene.letters(), strict=True)]
    assert 6 == endpoint.receiver.marks()["sensor_reader"]["raw"].seq


# ---- who speaks


def test_what_is_on_a_public_topic_is_in_no_stream(scene: Scene) -> None:
    """Anybody may be allowed to publish there."""
    endpoint, handler = scene.start(STORE)
    scene.say(endpoint, "raw/ups", frame())

    assert [] == handler.applied


@pytest.mark.parametrize(
    ("topic", "content", "reason"),
    [
        ("wire/sensor_reader/stream/raw", frame("sensor_reader-b"), "names the producer sensor_reader, and it says"),
        ("wire/alerter/stream/raw", frame("alerter"), "alerter may not produce the stream raw"),
        ("wire/nobody/stream/raw", frame("nobody"), "nobody may not produce the stream raw"),
        ("wire/my reader/stream/raw", frame("my reader"), "producer: String should match pattern"),
        ("wire/sensor_reader-a b/stream/raw", frame("sensor_reader-a b"), "producer: String should match pattern"),
        ("status/alerter", {"service": "sensor_reader", "state": "offline"}, "names the service alerter, and it says"),
        (
            "wire/alerter/resend/counter_store",
            {"consumer": "counter_store", "producer": "sensor_reader", "stream": "raw", "epoch": "e"}
            | {"floor": 1, "head": 1},
            "names the producer alerter, and it says 'sensor_reader'",
        ),
        (
            "wire/alerter/resend/counter_store",
            {"consumer": "counter_store", "producer": "alerter", "stream": "raw", "epoch": "e", "floor": 1, "head": 1},
            "alerter may not produce the stream raw",
        ),
    ],
)
def test_who_says_what_is_not_theirs_is_refused(scene: Scene, topic: str, content: dict[str, Any], reason: str) -> None:
    """A dead letter says why; nothing is applied, and nothing is kept."""
    endpoint, handler = scene.start(STORE)
    scene.say(endpoint, topic, content)

    assert [] == handler.applied
    assert {} == endpoint.receiver.tracks
    (letter,) = scene.letters()
    assert reason in letter


def test_a_checkpoint_of_another_name_or_of_no_consumer_frees_nothing(scene: Scene) -> None:
    """The row stays for the one that has to have it."""
    endpoint, _ = scene.start(READER)
    endpoint.emit(FRAME)
    for _ in range(2):
        endpoint.turn(0)
    streams = {"raw": {"epoch": endpoint.epoch, "seq": 1}}
    said = {"consumer": "counter_store", "producer": "sensor_reader", "streams": streams}
    scene.say(endpoint, "wire/alerter/checkpoint/sensor_reader", said)
    scene.say(endpoint, "wire/alerter/checkpoint/sensor_reader", said | {"consumer": "alerter"})

    assert (1, 1) == (endpoint.sender.streams["raw"].floor, endpoint.sender.streams["raw"].head)
    assert {} == endpoint.sender.streams["raw"].marks


def test_a_floor_beyond_the_announced_head_makes_nobody_step_over_anything(scene: Scene) -> None:
    """One message says that a million are gone: its producer has never announced them."""
    endpoint, handler = scene.start(STORE)
    status = {"service": "sensor_reader", "state": "online", "epoch": "e", "streams": {"raw": {"floor": 1, "head": 2}}}
    scene.say(endpoint, "status/sensor_reader", status)
    scene.say(endpoint, "wire/sensor_reader/stream/raw", frame(seq=1))
    answer = {"consumer": "counter_store", "producer": "sensor_reader", "stream": "raw", "epoch": "e"}
    scene.say(endpoint, "wire/sensor_reader/resend/counter_store", answer | {"floor": 1_000_000, "head": 1_000_000})
    scene.say(endpoint, "wire/sensor_reader/stream/raw", frame(seq=2))

    assert [1, 2] == [message.seq for message in handler.applied]
    (letter,) = scene.letters()
    assert "its floor is 1000000, and the status of sensor_reader has announced raw up to 2" in letter


def test_names_beyond_the_bound_are_refused_and_the_known_go_on(scene: Scene) -> None:
    """A flood of producers, each under a name that the registry allows, harms itself."""
    endpoint, handler = scene.start(STORE)
    scene.say(endpoint, "wire/sensor_reader/stream/raw", frame(seq=1))
    for number in range(100):
        name = f"sensor_reader-{number}"
        scene.say(endpoint, f"wire/{name}/stream/raw", frame(name))
    scene.say(endpoint, "wire/sensor_reader/stream/raw", frame(seq=2))

    assert 64 == len({track.producer for track in endpoint.receiver.tracks})
    assert [1, 2] == [message.seq for message in handler.applied if message.producer == "sensor_reader"]
    assert 37 == sum("is one too many" in letter for letter in scene.letters())


def test_epochs_of_one_producer_are_bounded(scene: Scene) -> None:
    """A producer that begins again and again keeps its newest lives."""
    endpoint, _ = scene.start(STORE)
    for number in range(50):
        scene.say(endpoint, "wire/sensor_reader/stream/raw", frame(epoch=f"e{number}", time=str(NOW + timedelta(1))))
        scene.say(
            endpoint,
            "status/sensor_reader",
            {"service": "sensor_reader", "state": "online", "epoch": f"e{number}"}
            | {"streams": {"raw": {"floor": 1, "head": 1}}},
        )

    assert len(endpoint.receiver.tracks) <= 9
    assert len(endpoint.records.applied()) <= 9
    assert "e49" == endpoint.receiver.current["sensor_reader"]
