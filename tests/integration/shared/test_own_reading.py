"""An owner that waits reads from the socket by itself, on real brokers (docs/adr/0060)."""

from __future__ import annotations

import threading

import pytest

from shared.mqtt import Connected, Disconnected
from tests.integration.shared.conftest import DEADLINE_S
from tests.support.brokers import MOSQUITTO

pytestmark = pytest.mark.mosquitto


def test_an_owner_that_waits_reads_for_itself(any_broker, visit):
    """One thread wakes up for a message, and not two: the network's hands over what it has no use for."""
    reader = visit(any_broker, "reader", "t/#").connected()
    writer = visit(any_broker, "writer").connected()
    reader.until(lambda: reader.client.reading.lent, "the owner's turn to read")
    threads: set[int] = set()
    reader.client._on_arrival = lambda: threads.add(threading.get_ident())

    writer.say("t/1", b"hello")
    reader.until(lambda: reader.payloads())

    assert ([b"hello"], {threading.get_ident()}) == (reader.payloads(), threads)


def test_an_owner_that_reads_for_itself_is_woken(any_broker, visit):
    """By another thread, and by a signal's handler: its wait ends before anything has come."""
    reader = visit(any_broker, "reader", "t/#").connected()
    reader.until(lambda: reader.client.reading.lent, "the owner's turn to read")
    while reader.client.poll(100, 0.05):
        continue
    waker = threading.Timer(0.05, reader.client.wake)
    waker.start()

    found = reader.client.poll(100, DEADLINE_S)
    waker.join()

    assert ([], True) == (found, reader.client.reading.lent)


def test_who_reads_for_itself_sees_its_broker_die_and_come_back(start_broker, visit):
    """The network's thread connects again."""
    broker = start_broker(MOSQUITTO, "allow_anonymous true")
    reader = visit(broker, "reader", "t/#").connected()
    reader.until(lambda: reader.client.reading.lent, "the owner's turn to read")
    broker.kill()
    reader.until(lambda: not reader.client.connected, "the end")
    broker.start()
    reader.connected()
    reader.until(lambda: reader.client.reading.lent, "the owner's turn again")

    kinds = [type(item) for item in reader.seen]
    assert (2, True) == (kinds.count(Connected), Disconnected in kinds)


def test_a_long_wait_does_not_cost_the_connection(start_broker, visit):
    """Pings go out meanwhile, however seldom the owner asks for anything."""
    broker = start_broker()
    settings = broker.settings.model_copy(update={"keepalive_s": 1})
    reader = visit(broker, "reader", "t/#", settings=settings).connected()
    reader.until(lambda: reader.client.reading.lent, "the owner's turn to read")
    while reader.client.poll(100, 0.05):
        continue

    assert [] == reader.client.poll(100, 7.0)  # past 1.5 × keepalive, of which Mosquitto takes note seldom
    assert reader.client.connected
