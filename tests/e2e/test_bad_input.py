"""Whatever arrives, nothing falls over: it is set aside with the reason, and the next good event still counts."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator

import pytest

from shared.kinds import KINDS
from shared.messages import DeadLetter
from tests.support.brokers import MOSQUITTO
from tests.support.live_suite import SERVICES, Live
from tests.support.mqtt_probe import TOPICS, MqttProbe

pytestmark = pytest.mark.mosquitto

GOOD = (TOPICS.build("ingest", "good"), b'{"type": "device.error", "device": "ups"}')
HUGE = b"1" + b"0" * 400
DEEP = b"[" * 100_000
NOISE = {
    "nothing": b"",
    "every byte": bytes(range(256)),
    "not UTF-8": b'{"type": "\xff\xfe"}',
    "a lone surrogate": rb'{"type": "\ud800"}',
    "no object": b"null",
    "a number": HUGE,
    "not a number": b"NaN",
    "a list": b'[{"type": "I2C_ERROR"}]',
    "an empty object": b"{}",
    "cut off": b'{"type": "I2C_ERR',
    "deep": DEEP,
    "deep inside": b'{"type": "I2C_ERROR", "data": {"a": ' + DEEP,
    "a long name": b'{"service": "x", "state": "online", "figures": {"%s": []}}' % (b"k" * 300_000),
    "wrong types": b'{"type": [1.5], "time": [], "service": {}, "state": "?", "streams": 7, "epoch": [], "seq": "one"}',
}
READ = {
    "stream": ("event_processor", "counter_store"),
    "checkpoint": ("sensor_reader",),
    "resend": ("event_processor",),
    "ingest": ("event_processor",),
    "status": SERVICES,
}
CLEARED = ("status", "checkpoint")  # retained: an empty payload only clears the topic
REAL = {
    "device": "ups",
    "producer": "sensor_reader",
    "category": "power",
    "type": "AC_POWER_LOSS",
    "name": "reload",
    "kind": "daily",
    "rule": "hourly_rate",
    "key": "AC_POWER_LOSS",
    "target": "host",
    "service": "event_processor",
    "consumer": "event_processor",
    "pattern": "power_outage",
    "receiver": "default",
    "stream": "raw",
    "zone": "tent",
    "actuator": "fan",
}
SILLY = ("a b", "ü…🔋", "x" * 500, "'; DROP TABLE outbox; --", "..", "$SYS", "NaN", "-1", "a/b", "")


def _forged(seq: int, rest: bytes) -> bytes:
    return b'{"producer": "sensor_reader-x", "epoch": "e", "seq": %d, %s}' % (seq, rest)


GOOD_TIME = b'"time": "2026-01-01T00:00:00Z"'
FORGED = {  # frames of a stream that begins with seq 1: places are right, what stands there is not
    "no time": _forged(1, b'"device": "ups", "values": {}'),
    "too big": _forged(2, b'%s, "device": "ups", "values": {"battery_voltage": %s}' % (GOOD_TIME, HUGE)),
    "no number": _forged(3, b'%s, "device": "ups", "values": {"battery_voltage": NaN}' % GOOD_TIME),
    "before time": _forged(4, b'"time": "0001-01-01T00:00:00+14:00", "device": "ups"'),
    "a list": _forged(5, b'%s, "device": "ups", "values": [1]' % GOOD_TIME),
    "a bad name": _forged(6, b'%s, "device": "a/#"' % GOOD_TIME),
    "a long name": _forged(7, b'%s, "device": "ups", "values": {"%s": []}' % (GOOD_TIME, b"k" * 300_000)),
}
WRONG_HEADS = (
    "no time",
    "before time",
    "a bad name",
)  # the rest of a frame counter_store does not read without InfluxDB
FAR, DEVICE = "sensor_reader-far", {"device": "x"}
EXTREME = (  # well-typed, and still nothing any service of ours would say
    *(
        ("stream", (FAR, "raw"), {"producer": name, "epoch": "e", "seq": seq, "time": "2026-01-01T00:00:00Z"} | DEVICE)
        for name, seq in ((FAR, 2**62), (FAR, 10**30), (FAR, -1), (FAR, 0), ("", 1), ("sensor_reader", 1))
    ),
    ("status", ("z",), {"service": "z", "state": "online", "epoch": "e", "streams": {"raw": {"floor": 1, "head": 9}}}),
    (
        "status",
        ("z",),
        {"service": "z", "state": "online", "epoch": "e", "streams": {"event": {"floor": 2**62, "head": 2**62}}},
    ),
    ("status", ("z",), {"service": "z", "state": "online", "event_time": "9999-12-31T23:59:59-14:00"}),
    (
        "checkpoint",
        ("counter_store", "event_processor"),
        {
            "consumer": "counter_store",
            "producer": "event_processor",
            "streams": {
                "event": {"epoch": "?", "seq": 2**62, "ask": True},
                "trigger": {"epoch": "?", "seq": 1, "ask": True},
                "what": {"epoch": "?", "seq": 1, "ask": True},
            },
        },
    ),
    *(
        (
            "resend",
            (FAR, consumer),
            {
                "consumer": consumer,
                "producer": FAR,
                "stream": "raw",
                "epoch": "e",
                "floor": floor,
                "head": floor,
                "messages": [{"topic": "?", "payload": "{"}],
            },
        )
        for consumer in ("event_processor", "counter_store")
        for floor in (10**30, 2**62, 0, -5)
    ),
    ("ingest", ("x",), {"type": "no.such.type"}),
    ("ingest", ("x",), {"type": "I2C_ERROR", "time": "9999-12-31T23:59:59Z"}),
    ("ingest", ("x",), {"type": "device.error", "time": "0001-01-01T00:00:00Z", "id": "long ago"}),
    ("ingest", ("x",), {"type": "device.error", "id": "n" * 100_000, "data": {"big": 10**400, "nul": "\0", "": []}}),
    ("ingest", ("x",), {"type": "device.error", "id": "huge", "data": {"text": "é" * 500_000}}),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory, require) -> Iterator[Live]:
    """The whole suite on Mosquitto, playing the simulator; the same one for all tests here."""
    require.program("mosquitto")
    live = Live(tmp_path_factory.mktemp("run"), "--source", "sim:outage", "--speed", "10", broker=MOSQUITTO)
    live.until(lambda: live.figure("alerter", "SELECT count(*) FROM applied"), "the suite is at work")
    with MqttProbe(live.port) as first:
        first.publish(*GOOD)
        first.until(lambda: first.last("counter", "device/error"), "a first event is counted")
    yield live
    live.stop()


@pytest.fixture
def probe(run) -> Iterator[MqttProbe]:
    with MqttProbe(run.port) as probe:
        yield probe


@pytest.fixture(autouse=True)
def _unharmed(run, probe) -> Iterator[None]:
    """After every test: the same processes, all online, and a good event is counted."""
    before = run.service_pids()
    assert None not in before.values(), run.output()
    probe.until(lambda: probe.last("counter", "device/error"), "what was counted before is heard")
    yield
    total = probe.last("counter", "device/error")["total"]

    probe.publish(*GOOD)

    probe.until(lambda: probe.last("counter", "device/error")["total"] > total, "the next event is counted")
    probe.until(lambda: all(probe.last("status", name) for name in SERVICES), "everybody says something")
    assert dict.fromkeys(SERVICES, "online") == {name: probe.last("status", name)["state"] for name in SERVICES}
    assert before == run.service_pids(), run.output()


def letters(probe: MqttProbe, service: str, received_on: str) -> list[tuple[str, bytes]]:
    """Return (reason, payload) of what a service refused of a topic."""
    found = [DeadLetter.model_validate(letter) for letter in probe.all("deadletter", service)]
    return [(letter.reason, base64.b64decode(letter.payload)) for letter in found if letter.received_on == received_on]


def await_letters(probe: MqttProbe, service: str, received_on: str, number: int) -> list[bytes]:
    """Wait for so many refusals of a topic, each with its reason in short; returns what was refused."""
    probe.until(lambda: len(letters(probe, service, received_on)) >= number, f"{service} refuses all {received_on}")
    found = letters(probe, service, received_on)
    assert all(0 < len(reason) <= 1000 for reason, _ in found)
    return [payload for _, payload in found]


def await_applied(probe: MqttProbe, service: str, seq: int) -> None:
    """Wait until a service has gone past ``seq`` of the forged stream."""

    def applied() -> bool:
        marks = probe.last("status", service).get("applied", {}).get("sensor_reader-x", {})
        return bool(marks and marks["raw"]["seq"] == seq)

    probe.until(applied, f"{service} has gone past all of the forged stream")


@pytest.mark.parametrize("kind", KINDS)
def test_noise_on_a_real_topic_is_set_aside_with_the_reason(probe, kind):
    """Every kind of noise on every kind of topic; who reads that kind says what was wrong with it."""
    topic = TOPICS.build(kind, *(REAL[name.rstrip("*")] for name in KINDS[kind].levels))
    if kind == "status":
        topic = TOPICS.build("status", "somebody")  # the real ones' own retained words are to be looked at below

    for noise in NOISE.values():
        probe.publish(topic, noise)

    refusable = [noise for noise in NOISE.values() if noise or kind not in CLEARED]
    for service in READ.get(kind, ()):
        assert [noise[:65_536] for noise in refusable] == await_letters(probe, service, topic, len(refusable))


def test_a_retained_status_of_noise_does_not_stop_a_service_that_starts(run, probe):
    """It is there at every connect; it is refused at every connect."""
    topic = TOPICS.build("status", "ghost")
    probe.publish(topic, b"boo", retain=True)
    probe.until(lambda: letters(probe, "alerter", topic), "the alerter refuses it")
    probe.publish(topic, b"", retain=True)


def test_silly_names_in_topics_are_nobodys_end(probe):
    """Spaces, emoji, SQL, empty and missing levels, far too many levels."""
    for kind, silly in itertools.product(KINDS, SILLY):
        probe.publish(f"upskeep/v1/home/{kind}/{silly}", b"{}")
        probe.publish(f"upskeep/v1/home/{kind}/{silly}/{silly}", b"[1]")
    for topic in ("upskeep/v1/home", "upskeep/v1/home/nonsense", "upskeep/v1/home/raw" + "/x" * 100, "/", "upskeep"):
        probe.publish(topic, b"{}")


def test_a_forged_stream_is_set_aside_frame_by_frame_and_goes_on(probe):
    """Its frames have their places, so each is counted as applied; only what is wrong with it is said."""
    topic = TOPICS.build("stream", "sensor_reader-x", "raw")

    for frame in FORGED.values():
        probe.publish(topic, frame)

    for service, names in (("event_processor", tuple(FORGED)), ("counter_store", WRONG_HEADS)):
        await_applied(probe, service, len(FORGED))
        assert [FORGED[name][:65_536] for name in names] == await_letters(probe, service, topic, len(names))


def test_well_typed_nonsense_is_survived(probe):
    """Places beyond 64 bits, answers nobody asked for, times at the ends of the calendar, marks of strange epochs."""
    for kind, parts, data in EXTREME:
        probe.publish(TOPICS.build(kind, *parts), json.dumps(data).encode())


def test_an_offer_without_a_known_type_is_refused_with_what_would_be_right(probe):
    """The reason names the nearest type there is."""
    topic = TOPICS.build("ingest", "script")

    probe.publish(topic, b'{"type": "I2C_EROR"}')

    probe.until(lambda: letters(probe, "event_processor", topic), "the processor refuses it")
    assert [
        ("no event type 'I2C_EROR' in config/events.yaml; did you mean 'I2C_ERROR'?", b'{"type": "I2C_EROR"}')
    ] == letters(probe, "event_processor", topic)


def test_an_offer_too_big_for_other_brokers_is_refused(probe):
    """What it becomes must pass brokers that cut at 1 MB, or it would stand in the stream's way for ever."""
    topic = TOPICS.build("ingest", "camera")

    probe.publish(topic, b'{"type": "I2C_ERROR", "data": {"picture": "%s"}}' % (b"x" * 1_000_000))

    assert 1 == len(await_letters(probe, "event_processor", topic, 1))
    assert ["has 1000046 bytes; an offer may have 262144"] == [
        reason for reason, _ in letters(probe, "event_processor", topic)
    ]
