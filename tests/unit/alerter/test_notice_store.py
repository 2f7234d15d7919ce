"""Notices in the ledger: which channels they wait for, and who leaves when there is no room."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from services.alerter.adapters.notice_store import NO_CHANNEL, NO_ROOM, SCHEMA, NoticeStore
from services.alerter.app import loss_event
from services.alerter.application.notice_outbox import Channels, NoticeOutbox
from services.alerter.core.notify.delivery import DeliveryState
from services.alerter.core.notify.sample import samples
from shared.delivery.handler import InMemoryPublisher, RefusedError
from shared.ledger import Ledger
from shared.notices import Notice
from tests.support.alerter_times import START

HOOK, PHONE = "ops.webhook", "ops.apprise"


def notice(number: int) -> Notice:
    return next(samples("ops")).model_copy(update={"id": f"n{number}", "time": START})


def test_a_notice_waits_for_each_channel_of_its_receiver_on_its_own(ledger: Ledger) -> None:
    """What one has sent, another may have yet to send."""
    notices = NoticeStore(ledger, {"ops": [HOOK, PHONE]})
    notices.put([notice(1), notice(2)])
    notices.note(HOOK, notices.heads(HOOK, 1)[0].place, DeliveryState.SENT, tries=1)

    assert ["n2"] == [json.loads(head.content)["id"] for head in notices.heads(HOOK, 9)]
    assert ["n1", "n2"] == [json.loads(head.content)["id"] for head in notices.heads(PHONE, 9)]
    assert {HOOK: 1, PHONE: 2} == notices.waiting()
    assert [("n1", PHONE, "waiting", 0), ("n1", HOOK, "sent", 1)] == [
        (row["id"], row["channel"], row["state"], row["attempts"]) for row in notices.delivery(["n1"])
    ]


def test_the_oldest_go_where_there_is_no_room_and_are_reported_if_unsent(ledger: Ledger) -> None:
    """Nothing is lost in silence; what was sent is."""
    notices = NoticeStore(ledger, {"ops": [HOOK]}, room=2)
    notices.put([notice(1)])
    notices.note(HOOK, 1, DeliveryState.SENT)
    notices.put([notice(2), notice(3), notice(4), notice(5)])

    (loss,) = notices.losses()
    assert (HOOK, "ops", 2, NO_ROOM) == (loss.channel, loss.receiver, loss.notices, loss.reason)
    assert ["n5", "n4"] == [kept.id for kept in notices.newest()]
    candidate = loss_event(loss, "e1")
    assert ("alert.notification_failed", "unsent/e1/ops.webhook/3") == (candidate.type, candidate.id)
    assert {"receiver": "ops", "channel": HOOK, "notices": 2, "reason": NO_ROOM} == candidate.data


def test_what_waits_for_a_channel_that_is_no_more_is_given_up(ledger: Ledger) -> None:
    """Whoever takes a receiver out of the file hears of what it had not got."""
    NoticeStore(ledger, {"ops": [HOOK, PHONE]}).put([notice(1)])
    notices = NoticeStore(ledger, {"ops": [HOOK]})
    notices.drop_strangers()
    assert [(PHONE, NO_CHANNEL)] == [(loss.channel, loss.reason) for loss in notices.losses()]
    assert {HOOK: 1} == notices.waiting()


def test_a_step_of_the_clock_makes_nothing_wait_longer(ledger: Ledger) -> None:
    """Only what waits is moved."""
    notices = NoticeStore(ledger, {"ops": [HOOK]})
    notices.put([notice(1)])
    before = notices.oldest_us()
    notices.shift(timedelta(days=365))
    assert before is not None
    assert before + 365 * 86_400 * 1_000_000 == notices.oldest_us()


def test_a_ledger_of_before_there_were_channels_is_gone_on_with(tmp_path: Path) -> None:
    """Its notices went over no channel; new ones do."""
    old = (
        "CREATE TABLE notice (place INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL, "
        "receiver TEXT NOT NULL, content TEXT NOT NULL, settled INTEGER NOT NULL DEFAULT 0);"
    )
    with closing(Ledger(tmp_path / "ledger.sqlite", [old])) as ledger:
        row = (0, "ops", notice(1).model_dump_json(exclude={"title", "text", "producer", "epoch", "seq"}))
        ledger.db.execute("INSERT INTO notice (time_us, receiver, content) VALUES (?, ?, ?)", row)
    with closing(Ledger(tmp_path / "ledger.sqlite", [SCHEMA])) as ledger:
        notices = NoticeStore(ledger, {"ops": [HOOK]})
        notices.put([notice(2)])
        assert ["n2", "n1"] == [kept.id for kept in notices.newest()]
        assert ["n2"] == [json.loads(head.content)["id"] for head in notices.heads(HOOK, 9)]


def test_every_notice_goes_over_mqtt_unless_its_receiver_wants_none(ledger: Ledger) -> None:
    """In its receiver's words."""
    publisher = InMemoryPublisher()
    words = {"title": "t", "text": "x"}
    channels = Channels({"ops": [HOOK]}, frozenset({"home"}), lambda one: one.model_copy(update=words))
    NoticeOutbox(ledger, publisher, channels).put([notice(1), notice(2).model_copy(update={"receiver": "home"})])
    (told,) = publisher.emitted
    assert isinstance(told, Notice)
    assert ("home", "n2", "t", "x") == (told.receiver, told.id, told.title, told.text)


def test_a_test_goes_to_one_receiver_or_to_all(ledger: Ledger) -> None:
    """Again under the same cause it is the same notice; a stranger is refused, with those there are."""
    outbox = NoticeOutbox(ledger, InMemoryPublisher(), Channels({"ops": [HOOK]}, frozenset({"home"})))
    (one,) = outbox.try_out("ops", "c1", START)["tests"]
    every = outbox.try_out(None, "c1", START)["tests"]
    assert (False, [HOOK]) == (one["mqtt"], one["channels"])
    assert [("home", True), ("ops", False)] == [(row["receiver"], row["mqtt"]) for row in every]
    assert one["id"] == every[1]["id"]
    with pytest.raises(RefusedError, match="there is home, ops"):
        outbox.try_out("nobody", "c2", START)
