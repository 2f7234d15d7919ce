"""Notices reach real receivers, every one of them, once, in order: also those that were down for an hour."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.alerter.core.notify.alertmanager import webhook_json
from services.alerter.core.notify.delivery import OnDoubt, RetryPolicy
from tests.integration.alerter.conftest import Receiving
from tests.support.notice_delivery import CARE, Carrying, channel_to, notice

HOUR_S = 3600.0
KINDS = pytest.mark.parametrize("kind", ["http", "smtp"])
Start = Callable[..., Carrying]


@pytest.fixture
def carry(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a delivery worker to a receiver."""
    made: list[Carrying] = []

    def start(receiver: Receiving, care: RetryPolicy = CARE, path: str = "/hook") -> Carrying:
        made.append(Carrying(tmp_path / "ledger.sqlite", channel_to(receiver, care, path)))
        return made[-1]

    yield start
    for each in made:
        each.close()


@KINDS
def test_a_receiver_that_was_down_for_an_hour_gets_everything_once_and_in_order(
    kind: str, receiving: Callable[[str], Receiving], carry: Start
) -> None:
    """A notice a minute; the worker's process is started anew in between."""
    receiver = receiving(kind)
    carrying = carry(receiver)
    for minute in range(60):
        carrying.give(minute)
        carrying.until((minute + 1) * 60.0)
        if minute == 30:
            carrying.restart()
    assert ["waiting"] * 60 == carrying.states()
    assert "" != carrying.worker.state.last_error

    receiver.start()
    carrying.until_empty(most_s=300)

    assert ["sent"] * 60 == carrying.states()
    assert carrying.put == receiver.ids()
    assert (60, "") == (carrying.worker.state.sent, carrying.worker.state.last_error)


def test_the_pauses_double_up_to_five_minutes(receiving: Callable[[str], Receiving], carry: Start) -> None:
    """A receiver that is down costs an attempt every five minutes in the end."""
    carrying = carry(receiving("http"))
    carrying.give(0)
    carrying.until(HOUR_S)
    # 1 + 2 + 4 … + 256 s are the first nine pauses, 511 s together; then one every 300 s.
    assert 10 + int((HOUR_S - 511) // 300) == carrying.worker.state.failures


def test_what_waited_a_day_is_given_up_and_reported_once(receiving: Callable[[str], Receiving], carry: Start) -> None:
    """As one loss for the channel, with how many and why."""
    carrying = carry(receiving("http"))
    carrying.give(0)
    carrying.give(1)
    carrying.until(25 * HOUR_S)

    assert ["given_up", "given_up"] == carrying.states()
    with carrying.ledger.transaction():
        (loss,) = carrying.notices.losses()
        assert [] == carrying.notices.losses()
    assert ("ops", "ops.webhook", 2) == (loss.receiver, loss.channel, loss.notices)
    assert "waited 24.1 h" in loss.reason


def test_a_webhook_is_alertmanagers(receiving: Callable[[str], Receiving], carry: Start) -> None:
    """Its JSON, with the notice's id as the idempotency key."""
    receiver = receiving("http")
    receiver.start()
    carrying = carry(receiver)
    carrying.give(7)
    carrying.until_empty()

    (took,) = receiver.took()
    assert webhook_json(notice(7)) == took["body"]
    assert ("/hook", "n7", "application/json") == (
        took["path"],
        took["headers"]["idempotency-key"],
        took["headers"]["content-type"],
    )


def test_a_mail_has_title_text_and_the_notices_id(receiving: Callable[[str], Receiving], carry: Start) -> None:
    """By Apprise, from a real SMTP server."""
    receiver = receiving("smtp")
    receiver.start()
    carrying = carry(receiver)
    carrying.give(7)
    carrying.until_empty()

    (took,) = receiver.took()
    assert (["anna@example.org"], "t7", "text 7", "n7") == (
        took["to"],
        took["headers"]["Subject"],
        took["text"].strip(),
        took["headers"]["X-Upskeep-Notice"],
    )


@pytest.mark.parametrize(
    ("status", "state"), [(400, "given_up"), (422, "given_up"), (401, "waiting"), (503, "waiting")]
)
def test_only_a_refusal_of_the_notice_itself_is_final(
    status: int, state: str, receiving: Callable[[str], Receiving], carry: Start
) -> None:
    """A wrong token or a busy server may be mended; what is behind a refused notice goes on."""
    receiver = receiving("http")
    receiver.start()
    carrying = carry(receiver, path=f"/hook?{status}")
    carrying.give(0)
    carrying.worker.step(carrying.ledger, carrying.notices)
    assert [state] == carrying.states()
    assert f"answered {status}" in carrying.worker.state.last_error


DIES = """
import os, sys
from pathlib import Path
from services.alerter.adapters.delivery_workers import sender_for
from services.alerter.core.notify.delivery import OnDoubt, RetryPolicy
from tests.support.alerter_times import START
from tests.support.notice_delivery import Carrying, channel_to
from tests.integration.alerter.conftest import Receiving

class Dies:
    def send(self, notice):
        sender_for(channel, lambda: START).send(notice)
        os._exit(9)

channel = channel_to(Receiving("http", int(sys.argv[2]), Path("unused")), RetryPolicy(OnDoubt(sys.argv[3])))
carrying = Carrying(Path(sys.argv[1]), channel, Dies())
carrying.give(0)
carrying.worker.step(carrying.ledger, carrying.notices)
"""


@pytest.mark.parametrize(
    ("on_doubt", "ids", "states"),
    [(OnDoubt.REPEAT, ["n0", "n0", "n1"], ["sent", "sent"]), (OnDoubt.SKIP, ["n0", "n1"], ["given_up", "sent"])],
)
def test_a_kill_between_sending_and_writing_repeats_with_the_same_id_or_skips(
    on_doubt: OnDoubt,
    ids: list[str],
    states: list[str],
    receiving: Callable[[str], Receiving],
    carry: Start,
    tmp_path: Path,
) -> None:
    """As ``on_doubt`` says: nothing is lost, or nothing comes twice."""
    receiver = receiving("http")
    receiver.start()
    place = (str(tmp_path / "ledger.sqlite"), str(receiver.port), on_doubt.value)
    assert 9 == subprocess.run([sys.executable, "-c", DIES, *place], check=False).returncode

    carrying = carry(receiver, RetryPolicy(on_doubt))
    carrying.put.append("n0")
    carrying.give(1)
    carrying.until_empty()

    assert ids == receiver.ids()
    assert states == carrying.states()


def test_channels_do_not_hold_each_other_up(
    receiving: Callable[[str], Receiving], carry: Start, tmp_path: Path
) -> None:
    """One receiver is down; the other's notices arrive meanwhile, from the same ledger."""
    up, down = receiving("http"), receiving("smtp")
    up.start()
    to_up, to_down = carry(up), carry(down)
    for number in range(3):
        to_up.give(number)
        to_down.give(10 + number)
    to_down.until(60)
    to_up.until(60)
    assert ["sent"] * 3 == to_up.states()
    assert ["waiting"] * 3 == to_down.states()
