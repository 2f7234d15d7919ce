"""Jumps of the wall clock neither fire, resolve nor hide an alert."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.alerter.core.rules import rate_rule
from services.alerter.service import Alerter
from shared.delivery.handler import InMemoryPublisher
from shared.jumps import CLOCK_JUMP, Jump
from shared.ledger import Ledger
from tests.support.alerter_times import at
from tests.unit.alerter.test_service import event, feed, shown, timeline

RULE = rate_rule("hourly_rate", "AC_POWER_LOSS", timedelta(hours=1), 1)
STEPS = [180.0, -180.0]


def start(ledger: Ledger, publisher: InMemoryPublisher | None = None) -> Alerter:
    """A process that finds what the one before left in the ledger."""
    alerter = Alerter([RULE], ledger, publisher or InMemoryPublisher())
    alerter.announce()
    return alerter


def jump(alerter: Alerter, minute: float, jump: Jump) -> None:
    """The clock jumps; ``minute`` is by the new one."""
    alerter.apply(event(minute, CLOCK_JUMP).model_copy(update={"data": jump.values()}))
    alerter.flush()


def by(minutes: float) -> Jump:
    return Jump(timedelta(minutes=minutes))


@pytest.mark.parametrize("step", STEPS)
def test_two_events_are_as_far_apart_as_they_were(ledger: Ledger, step: float) -> None:
    """Half an hour, with the jump between them: fires."""
    feed(start(ledger), [0], until=10)
    jump(start(ledger), 20 + step, by(step))
    alerter = feed(start(ledger), [30 + step], until=60 + step)

    assert [("hourly_rate", "firing", at(30 + step))] == timeline(alerter)


@pytest.mark.parametrize("step", STEPS)
def test_two_that_were_too_far_apart_still_are(ledger: Ledger, step: float) -> None:
    """70 minutes, with the jump between them: quiet, also where the wall clock shows 10."""
    feed(start(ledger), [0], until=10)
    jump(start(ledger), 20 + step, by(step))
    alerter = feed(start(ledger), [70 + step], until=90 + step)

    assert [] == timeline(alerter)


@pytest.mark.parametrize("step", STEPS)
def test_an_alert_that_fires_goes_on_firing_until_its_time(ledger: Ledger, step: float) -> None:
    """It resolves an hour after the first event, by the new clock; since when it fires stays as told."""
    publisher = InMemoryPublisher()
    feed(start(ledger), [0, 5], until=10)
    jump(start(ledger), 10 + step, by(step))
    alerter = feed(start(ledger, publisher), [], until=60 + step)

    assert ("firing", at(5)) == (shown(publisher, "hourly_rate").state, shown(publisher, "hourly_rate").since)

    feed(alerter, [], until=60.1 + step)
    assert sorted([("hourly_rate", "firing", at(5)), ("hourly_rate", "resolved", at(60 + step))]) == sorted(
        timeline(alerter)
    )


def test_several_jumps_add_up(ledger: Ledger) -> None:
    """There and back again."""
    feed(start(ledger), [0], until=10)
    jump(start(ledger), 190, by(180))
    jump(start(ledger), -48, by(-240))
    alerter = feed(start(ledger), [-15], until=0)

    assert [("hourly_rate", "firing", at(-15))] == timeline(alerter)


def test_what_a_right_clock_dated_is_not_taken_for_recent(ledger: Ledger) -> None:
    """Told before the machine was off for two hours; it booted with the clock where it stopped."""
    feed(start(ledger), [0], until=10)
    feed(start(ledger), [], until=12)
    jump(start(ledger), 135, Jump(timedelta(hours=2), at(12), timedelta(0)))
    alerter = feed(start(ledger), [140], until=150)

    assert [] == timeline(alerter)
