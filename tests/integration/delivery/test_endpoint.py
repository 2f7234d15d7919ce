"""The durable hop over real brokers: whatever goes away and comes back, each number is noted once, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from shared.delivery.route import Route
from shared.messages import Resend
from tests.support.brokers import EMBEDDED, MOSQUITTO, Broker
from tests.support.delivery_nodes import Node, consumer, producer, turn_until
from tests.support.mqtt_probe import TOPICS, MqttProbe


@pytest.fixture
def make(tmp_path) -> Iterator[Callable[..., Node]]:
    """Return a function that makes a node on a broker; all are stopped at the end."""
    nodes: list[Node] = []

    def build(how: Callable[..., Node], broker: Broker, *arguments: object, **delivery: object) -> Node:
        nodes.append(how(tmp_path, broker.settings, *arguments, **delivery))
        return nodes[-1]

    yield build
    for node in nodes:
        node.stop()


@pytest.fixture(params=[pytest.param(MOSQUITTO, marks=pytest.mark.mosquitto), EMBEDDED])
def forgetful_broker(request, start_broker) -> Broker:
    """A broker that keeps nothing on its disk."""
    return start_broker(request.param, "allow_anonymous true" if request.param == MOSQUITTO else "")


def noted_by(nodes: Sequence[Node], number: int) -> Callable[[], bool]:
    return lambda: all(len(node.noted) >= number for node in nodes)


def one_to(number: int) -> list[int]:
    return list(range(1, number + 1))


def test_every_consumer_notes_every_number_once_and_in_order(any_broker, make):
    """And what all of them have is no longer kept."""
    source = make(producer, any_broker, ("a", "b"))
    ingest_consumers = [make(consumer, any_broker, name) for name in ("a", "b")]

    source.emit(700)
    turn_until([source, *ingest_consumers], noted_by(ingest_consumers, 700), "both have all")
    source.emit(1)
    turn_until([source, *ingest_consumers], noted_by(ingest_consumers, 701), "both have the last")
    turn_until([source, *ingest_consumers], lambda: source.endpoint.lag("raw") == 0, "the producer knows")
    source.emit(1)

    assert [one_to(701)] * 2 == [taker.noted for taker in ingest_consumers]
    assert (702, 702) == source.held


def test_a_broker_that_dies_and_forgets_everything_costs_nothing(forgetful_broker, make):
    """It dies twice: with numbers under way, and while more come."""
    source = make(producer, forgetful_broker, ("a", "b"))
    ingest_consumers = [make(consumer, forgetful_broker, name) for name in ("a", "b")]
    everybody = [source, *ingest_consumers]
    for already in (50, 250):
        source.emit(200)
        turn_until(everybody, noted_by(ingest_consumers, already), f"{already} are there")
        forgetful_broker.kill()
        source.emit(50)
        turn_until(everybody, lambda: not any(node.endpoint.connected for node in everybody), "all have noticed")
        forgetful_broker.start()

    turn_until(everybody, noted_by(ingest_consumers, 500), "all have come through")

    assert [one_to(500)] * 2 == [taker.noted for taker in ingest_consumers]
    assert [[], []] == [taker.handler.losses for taker in ingest_consumers]


def test_a_consumer_that_was_away_gets_the_rest_and_the_others_never_wait(any_broker, make):
    """What it missed is kept for it, and does not hold back who is there."""
    source = make(producer, any_broker, ("a", "b"))
    there, away = (make(consumer, any_broker, name) for name in ("a", "b"))
    source.emit(50)
    turn_until([source, there, away], noted_by([there, away], 50), "both have the first")

    away.stop()
    source.emit(450)
    turn_until([source, there], noted_by([there], 500), "the one that is there has all")
    away.start()
    turn_until([source, there, away], noted_by([away], 500), "the other has the rest")

    assert [one_to(500)] * 2 == [there.noted, away.noted]


def test_a_consumer_with_a_new_disk_gets_all_that_is_still_there(any_broker, make):
    """It is a newcomer, to whom nothing is lost; what somebody else still waits for, it gets as well."""
    source = make(producer, any_broker, ("a", "b"))
    wiped, away = (make(consumer, any_broker, name) for name in ("a", "b"))
    source.emit(100)
    turn_until([source, wiped, away], noted_by([wiped, away], 100), "both have the first")
    turn_until([source, wiped, away], lambda: source.endpoint.lag("raw") == 0, "the producer knows")
    away.stop()
    source.emit(150)
    turn_until([source, wiped], noted_by([wiped], 250), "one has all")
    floor, _ = source.held

    wiped.wipe()
    wiped.start()
    turn_until([source, wiped], lambda: wiped.noted[-1:] == [250], "it has what there is")

    assert list(range(floor, 251)) == wiped.noted
    assert 101 == floor
    assert [] == wiped.handler.losses


def test_a_producer_with_a_new_disk_begins_anew_and_nothing_is_mixed_up(any_broker, make):
    """Its new life has an epoch of its own, in which seq 1 is no repeat."""
    source, taker = make(producer, any_broker, ("a",)), make(consumer, any_broker, "a")
    source.emit(120)
    turn_until([source, taker], noted_by([taker], 120), "the first life has come through")
    first = source.endpoint.epoch

    source.wipe()
    source.start()
    source.emit(80)
    turn_until([source, taker], noted_by([taker], 200), "the second life has come through")

    assert one_to(200) == taker.noted  # the test's numbers go on; the seqs began at 1 again
    assert (80, True) == (source.held[1], first != source.endpoint.epoch)
    assert [] == taker.handler.losses


def test_a_consumer_no_longer_waited_for_frees_the_outbox(any_broker, make):
    """Taken out of the producer's route, its mark holds nothing back."""
    source, taker = make(producer, any_broker, ("a", "gone")), make(consumer, any_broker, "a")
    source.emit(300)
    turn_until([source, taker], noted_by([taker], 300), "one has all")
    turn_until(
        [source, taker], lambda: source.endpoint.sender.streams["raw"].marks.get("a") == 300, "the producer knows"
    )
    assert (1, 300) == source.held

    source.stop()
    source.route = Route(source.route.name, produces={"raw": ("a",)})
    source.start()
    turn_until([source, taker], lambda: source.endpoint.lag("raw") == 0, "the producer knows again")
    source.emit(1)

    assert (301, 301) == source.held


def test_at_the_outboxs_bound_the_oldest_go_and_the_loss_is_reported(forgetful_broker, make):
    """Who was away too long hears which numbers are gone for good, and goes on with the rest."""
    source = make(producer, forgetful_broker, ("a",), outbox_max_rows=100)
    taker = make(consumer, forgetful_broker, "a")
    source.emit(50)
    turn_until([source, taker], noted_by([taker], 50), "the first are there")
    turn_until([source, taker], lambda: source.endpoint.lag("raw") == 0, "the producer knows")
    taker.stop()
    forgetful_broker.kill()  # or it would keep for the consumer what the producer no longer can
    for _ in range(15):
        source.emit(20)
    assert ((251, 350), 200) == (source.held, source.figures["dropped"])

    forgetful_broker.start()
    taker.start()
    turn_until([source, taker], lambda: taker.noted[-1] == 350, "it has what there is")

    assert [*one_to(50), *range(251, 351)] == taker.noted
    assert [("sensor_reader", "raw", 51, 250)] == taker.handler.losses
    assert 200 == taker.figures["lost"]


def test_a_live_subscriber_sees_each_message_once_whoever_recovers(any_broker, make):
    """What a consumer asks for comes on a topic of its own."""
    source, there = make(producer, any_broker, ("a", "b")), make(consumer, any_broker, "a")
    with MqttProbe(any_broker.port) as probe:
        source.emit(310)
        turn_until([source, there], noted_by([there], 310), "the one that is there has all")
        late = make(consumer, any_broker, "b")  # the broker kept nothing for it: it has to ask
        turn_until([source, there, late], noted_by([late], 310), "the other has all")
        probe.publish(TOPICS.build("ingest", "end"), b"{}")  # the broker has all the rest before it
        probe.until(lambda: probe.all("ingest", "end"), "all that came before is seen")

        live = [message["seq"] for message in probe.all("raw", "d")]
        again = [Resend.model_validate(answer) for answer in probe.all("resend", "sensor_reader", "b")]

    assert one_to(310) == live
    assert 310 <= sum(len(answer.messages) for answer in again)
    assert one_to(310) == late.noted
    assert [] == [topic for topic in probe.seen if topic == TOPICS.build("resend", "sensor_reader", "a")]
