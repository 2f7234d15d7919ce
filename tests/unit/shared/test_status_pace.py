"""A status says what is new as often as its readers need it, and comes in any case."""

from __future__ import annotations

from shared.delivery.commits import SPILL_S
from shared.delivery.status_pace import HEARTBEAT_S, JOIN_S, LIVE_STATUS_S, STATUS_S, StatusPace
from shared.messages import Status

CALM = Status(service="alerter", state="online", figures={"alerts": 0})
NEW = Status(service="alerter", state="online", figures={"alerts": 1})


def test_the_first_is_said_at_once_and_again_when_hurried() -> None:
    """As after a connection began."""
    pace = StatusPace()
    first = (pace.wait_s(0.0, live=True), pace.is_due(CALM, 0.0))
    pace.hurry()

    assert [(0.0, True), (0.0, True)] == [first, (pace.wait_s(1.0, live=True), pace.is_due(CALM, 1.0))]


def test_what_is_new_waits_longer_where_time_is_that_of_hardware() -> None:
    """A recording may run at any speed."""
    pace = StatusPace()
    pace.is_due(CALM, 0.0)

    assert (LIVE_STATUS_S, STATUS_S) == (pace.wait_s(0.0, live=True), pace.wait_s(0.0, live=False))


def test_the_same_is_said_again_as_a_sign_of_life() -> None:
    """And what is new does not wait for that."""
    pace = StatusPace()
    pace.is_due(CALM, 0.0)
    said = (pace.is_due(CALM, STATUS_S), pace.is_due(NEW, STATUS_S), pace.is_due(NEW, STATUS_S + HEARTBEAT_S))

    assert (False, True, True) == said


def test_services_say_theirs_together() -> None:
    """Who has said its own of late does not, so that nobody answers an answer."""
    pace = StatusPace()
    pace.is_due(CALM, 0.0)
    pace.join(JOIN_S - 0.1)
    young = pace.wait_s(JOIN_S, live=True)
    pace.join(JOIN_S)

    assert (LIVE_STATUS_S - JOIN_S, 0.0) == (young, pace.wait_s(JOIN_S, live=True))


def test_what_is_applied_is_said_before_a_producer_writes_for_it() -> None:
    """A row that a consumer has must not be written because its consumer has not said so yet."""
    assert LIVE_STATUS_S < SPILL_S
