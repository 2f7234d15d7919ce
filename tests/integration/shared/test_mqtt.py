"""The MQTT door against real brokers: every way paho or a broker loses data has a test."""

from __future__ import annotations

import subprocess
import threading
import time

import pytest

from shared.client.connect import ClientError, connect
from shared.mqtt import Arrived, Confirmed, Connected, Disconnected, MqttClient, Publication
from shared.mqtt import client as client_module
from shared.mqtt.connection import PACKETS_AT_ONCE
from tests.support.brokers import EMBEDDED, MOSQUITTO

DEADLINE_S = 90.0

pytestmark = pytest.mark.mosquitto


def test_a_message_goes_through_either_broker(any_broker, visit):
    """Publish, confirm, arrive: on Mosquitto by MQTT 5, on the embedded broker by 3.1.1."""
    reader = visit(any_broker, "reader", "t/#").connected()
    writer = visit(any_broker, "writer").connected()

    writer.say("t/1", b"hello")
    reader.until(lambda: reader.payloads())

    assert [b"hello"] == reader.payloads()
    protocols = {item.protocol for item in writer.seen if isinstance(item, Connected)}
    assert protocols == {"5" if any_broker.kind == MOSQUITTO else "3.1.1"}


@pytest.mark.parametrize("attributes", [None, {"id": "1"}], ids=["plain", "with attributes"])
def test_what_nobody_confirms_arrives_together_and_in_order(any_broker, visit, attributes):
    """Alone, and among what is written as one; nothing is waited for."""
    reader = visit(any_broker, "reader", "t/#").connected()
    writer = visit(any_broker, "writer").connected()
    payloads = [b"%d" % number for number in range(60)]
    sent = [Publication("t/1", payload, attributes=attributes, qos=0) for payload in payloads]

    writer.client.publish_unconfirmed(sent[:30])
    with writer.client.together():
        writer.client.publish_unconfirmed(sent[30:])
    reader.until(lambda: len(reader.payloads()) == len(payloads))

    assert payloads == reader.payloads()
    assert writer.client.inflight == writer.client.room


def test_what_was_not_acknowledged_comes_again_after_a_crash(any_broker, visit):
    """Trap 1 and 7: the session persists and acks are manual, so a crash before the ack loses nothing."""
    first = visit(any_broker, "reader", "t/#").connected()
    writer = visit(any_broker, "writer").connected()
    writer.say("t/1", b"one")
    first.until(lambda: first.payloads())
    first.crash()

    writer.say("t/2", b"two")
    second = visit(any_broker, "reader", "t/#").connected()
    second.until(lambda: len(second.payloads()) >= 2)

    assert [b"one", b"two"] == second.payloads()
    assert [True] == [item.session_present for item in second.seen if isinstance(item, Connected)]


def test_acknowledged_messages_do_not_come_again(any_broker, visit):
    """Acks are cumulative and in order; what is acknowledged is done."""
    first = visit(any_broker, "reader", "t/#").connected()
    writer = visit(any_broker, "writer").connected()
    for number in range(5):
        writer.say("t/1", b"%d" % number)
    first.until(lambda: len(first.payloads()) == 5)
    receipts = [item.receipt for item in first.seen if isinstance(item, Arrived)]
    first.client.ack(receipts[2])
    first.until(lambda: first.client.poll(10, 0.3) == [])
    first.crash()

    second = visit(any_broker, "reader", "t/#").connected()
    second.until(lambda: len(second.payloads()) >= 2)

    assert [b"3", b"4"] == second.payloads()


def test_an_ack_from_before_a_reconnect_does_not_touch_the_new_session(start_broker, visit):
    """Trap 6: the broker lost the session and counts from 1 again; a late ack of old 1 must not take new 1."""
    broker = start_broker(MOSQUITTO, "allow_anonymous true")
    reader = visit(broker, "reader", "t/#").connected()
    writer = visit(broker, "writer").connected()
    writer.say("t/1", b"old")
    reader.until(lambda: reader.payloads())
    stale = next(item.receipt for item in reader.seen if isinstance(item, Arrived))
    broker.kill()
    reader.until(lambda: not reader.client.connected)
    writer.until(lambda: not writer.client.connected)
    broker.start()
    reader.connected()
    writer.connected()
    writer.say("t/1", b"new")
    reader.until(lambda: b"new" in reader.payloads())

    reader.client.ack(stale)
    reader.crash()

    again = visit(broker, "reader", "t/#").connected()
    again.until(lambda: again.payloads())
    assert [b"new"] == again.payloads()


def test_nothing_is_queued_while_there_is_no_connection(start_broker, visit):
    """Trap 2: paho would queue it and deliver it later as well; the door takes nothing, so nothing doubles."""
    broker = start_broker()
    writer = visit(broker, "writer").connected()
    reader = visit(broker, "reader", "t/#").connected()
    broker.kill()
    writer.until(lambda: not writer.client.connected)
    reader.until(lambda: not reader.client.connected)

    assert writer.client.room == 0
    assert not writer.client.publish(Publication("t/1", b"lost?"))

    broker.start()
    writer.connected()
    reader.connected()
    writer.say("t/1", b"after")
    reader.until(lambda: reader.payloads())
    assert [b"after"] == reader.payloads()


def test_a_refused_publication_is_reported(start_broker, visit, tmp_path):
    """Trap 3: an ACL's refusal hides in the PUBACK; it must not count as confirmed."""
    acl = tmp_path / "acl"
    acl.write_text("topic read t/#\ntopic write t/mine\n")
    acl.chmod(0o644)
    broker = start_broker(MOSQUITTO, f"allow_anonymous true\nacl_file {acl}")
    writer = visit(broker, "writer").connected()

    writer.client.publish(Publication("t/yours", b"x"), "token")
    writer.until(lambda: any(isinstance(item, Confirmed) for item in writer.seen))

    confirmed = next(item for item in writer.seen if isinstance(item, Confirmed))
    assert confirmed.token == "token"
    assert "Not authorized" in (confirmed.refusal or "")


def test_a_fault_in_a_callback_does_not_end_the_network_thread(start_broker, visit):
    """Trap 4: an exception in a callback kills paho's thread silently; here the next connection follows."""
    broker = start_broker()
    reader = visit(broker, "reader", "t/#").connected()
    writer = visit(broker, "writer").connected()
    connection, broken = reader.client._connection, threading.Event()

    def fail(*_):
        broken.set()
        raise RuntimeError("a fault for the test")

    connection.client.on_message = connection._guarded(fail)
    writer.say("t/1", b"one")
    reader.until(broken.is_set)
    reader.until(lambda: any(isinstance(item, Disconnected) for item in reader.seen))
    reader.until(lambda: b"one" in reader.payloads())

    assert [b"one"] == reader.payloads()  # it was never acknowledged, so it came again


def test_no_more_than_the_window_is_ever_unconfirmed(start_broker, visit):
    """Traps 8 and 10: the door's own window, so paho never queues and never slows down over its queue."""
    broker = start_broker()
    writer = visit(broker, "writer", inflight=7).connected()

    handed = [writer.client.publish(Publication("t/1", b"x"), number) for number in range(10)]

    assert [True] * 7 + [False] * 3 == handed
    writer.until(lambda: writer.client.room == 7)


def test_what_paho_had_in_flight_is_not_sent_again_by_it(start_broker, visit):
    """Trap 9: paho resends by itself after a reconnect; a connection of its own each time leaves it nothing."""
    broker = start_broker()
    writer = visit(broker, "writer").connected()
    for number in range(50):
        writer.client.publish(Publication("t/1", b"%d" % number), number)
    broker.kill()
    writer.until(lambda: not writer.client.connected)
    broker.start()
    reader = visit(broker, "reader", "t/#").connected()
    writer.connected()
    writer.say("t/1", b"mine")
    reader.until(lambda: reader.payloads())

    assert [b"mine"] == reader.payloads()


def test_the_last_will_speaks_for_who_vanishes_and_not_for_who_leaves(any_broker, visit):
    """Three-valued presence: a crash says offline by will, a clean stop says stopped itself."""
    watcher = visit(any_broker, "watcher", "status/#").connected()
    will = Publication("status/a", b"offline", True)
    crashed = visit(any_broker, "a", will=will).connected()
    crashed.crash()
    watcher.until(lambda: watcher.payloads())
    assert [b"offline"] == watcher.payloads()

    left = visit(any_broker, "b", will=Publication("status/b", b"offline", True)).connected()
    left.client.close(Publication("status/b", b"stopped", True))
    watcher.until(lambda: len(watcher.payloads()) == 2)
    watcher.until(lambda: watcher.client.poll(10, 0.5) == [])

    assert [b"offline", b"stopped"] == watcher.payloads()


def test_a_wrong_password_is_said_and_a_corrected_one_is_picked_up(start_broker, visit, require, tmp_path):
    """The file is read anew for each attempt; the reason names user, file and what to do."""
    passwords, mine = tmp_path / "passwd", tmp_path / "mine"
    program = require.program("mosquitto_passwd")
    subprocess.run([program, "-b", "-c", str(passwords), "reader", "right"], check=True)
    passwords.chmod(0o644)
    mine.write_text("wrong\n")
    broker = start_broker(MOSQUITTO, f"password_file {passwords}")
    settings = broker.settings.model_copy(update={"username": "reader", "password_file": mine})
    reader = visit(broker, "reader", settings=settings)
    reader.until(lambda: any(isinstance(item, Disconnected) for item in reader.seen))

    reason = next(item.reason for item in reader.seen if isinstance(item, Disconnected))
    assert "refuses reader" in reason
    assert str(mine) in reason
    with pytest.raises(ClientError, match=r"password file; --user and --password-file say who asks$"):
        connect(MqttClient(settings, "command", [], persistent=False))  # somebody is there: not "is the suite running?"

    mine.write_text("right\n")
    reader.connected()


def test_a_broker_that_is_not_there_is_said_and_waited_for(start_broker, visit):
    """The door goes on trying; the owner hears why."""
    broker = start_broker()
    broker.kill()
    reader = visit(broker, "reader", "t/#")
    reader.until(lambda: any(isinstance(item, Disconnected) for item in reader.seen))
    assert f"no broker at 127.0.0.1:{broker.port}" in reader.seen[0].reason

    broker.start()

    reader.connected()


def test_a_slow_owner_does_not_cost_the_connection(start_broker, visit):
    """Trap 5: pings and deliveries go on while the owner is busy, since the network thread only enqueues."""
    broker = start_broker()
    settings = broker.settings.model_copy(update={"keepalive_s": 1})
    reader = visit(broker, "reader", "t/#", settings=settings).connected()
    writer = visit(broker, "writer").connected()
    done = time.monotonic() + 2.5  # past 1.5 × keepalive
    while time.monotonic() < done:  # the owner of `reader` does not look
        writer.say("t/1", b"x")

    reader.until(lambda: reader.payloads())

    assert [] == [item for item in reader.seen if isinstance(item, Disconnected)]


def test_the_embedded_broker_is_met_in_the_protocol_it_speaks(start_broker, visit):
    """MQTT 5 first; a broker that knows only 3.1.1 is met in that, at once."""
    broker = start_broker(EMBEDDED)

    reader = visit(broker, "reader").connected()

    assert ["3.1.1"] == [item.protocol for item in reader.seen if isinstance(item, Connected)]


def test_who_is_in_no_hurry_has_everything_once_it_catches_up(start_broker, visit) -> None:
    """What comes gathers in the socket, and none of it is lost."""
    broker = start_broker()
    calm, sender = visit(broker, "calm", "a/#").connected(), visit(broker, "sender").connected()
    calm.client.gather(3600)
    for number in range(5):
        sender.say("a/b", b"%d" % number)

    def all_here() -> bool:
        calm.client.catch_up()
        return len(calm.payloads()) == 5

    calm.until(all_here, "what has gathered")
    assert [b"0", b"1", b"2", b"3", b"4"] == calm.payloads()


@pytest.mark.parametrize("qos", [0, 1])
def test_who_does_not_poll_is_sent_no_more_than_has_room(any_broker, visit, monkeypatch, qos):
    """The rest waits at the broker, the connection stays, and with the next polls it comes."""
    monkeypatch.setattr(client_module, "WAITING_BYTES", 200_000)
    monkeypatch.setattr(client_module, "HOLD_S", 60.0)
    reader = visit(any_broker, "reader", "t/#").connected()
    writer = visit(any_broker, "writer").connected()
    room, sent = 200_000 // (1000 + client_module.ARRIVED_BYTES), 1200
    for number in range(sent):
        payload = b"%06d" % number + bytes(994)
        writer.until(lambda p=payload: writer.client.publish(Publication("t/1", p, qos=qos)), "room")
    writer.say("t/2", b"the end")

    assert reader.client.waiting <= room + 2 * PACKETS_AT_ONCE
    taken: list[bytes] = []

    def has_ended() -> bool:
        for item in reader.client.poll(100, 0.05):
            assert isinstance(item, Arrived)  # and never a Disconnected
            reader.client.ack(item.receipt)
            taken.append(item.payload[:6])
        return b"the en" in taken

    writer.until(has_ended, "the rest")
    assert qos == 0 or [*(b"%06d" % number for number in range(sent)), b"the en"] == taken


def test_what_is_read_in_one_go_has_a_bound(start_broker, visit, monkeypatch):
    """A network thread behind a sender finds more at every look: its owner gets what came all the same."""
    monkeypatch.setattr(client_module, "WAITING_BYTES", 200_000)
    monkeypatch.setattr(client_module, "HOLD_S", 60.0)
    broker, all_sent = start_broker(), threading.Event()
    reader = visit(broker, "reader", "t/#").connected()
    reader.client._on_arrival = lambda: all_sent.wait(DEADLINE_S)  # the network's thread stands
    writer = visit(broker, "writer").connected()
    for number in range(1200):
        payload = b"%06d" % number + bytes(994)
        writer.until(lambda p=payload: writer.client.publish(Publication("t/1", p, qos=0)), "room")
    writer.say("t/2", b"the end")
    all_sent.set()

    writer.until(lambda: reader.client._held, "the network's thread to stop reading")

    assert reader.client.waiting <= 200_000 // (1000 + client_module.ARRIVED_BYTES) + 2 * PACKETS_AT_ONCE
