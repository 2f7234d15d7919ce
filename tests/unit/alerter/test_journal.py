"""The table of transitions."""

from __future__ import annotations

from services.alerter.adapters.journal import Journal
from shared.ledger import Ledger
from shared.messages import Alert, AlertState, Severity
from tests.support.alerter_times import at


def fired(minute: float, rule: str = "hourly_rate", key: str = "I2C_ERROR") -> Alert:
    return Alert(
        rule=rule,
        key=key,
        state=AlertState.FIRING,
        severity=Severity.WARNING,
        since=at(minute),
        time=at(minute),
        value=6,
        threshold=5,
        window_s=3600,
        reason="over_limit",
        message="too many",
    )


def test_transitions_come_back_as_they_were(ledger: Ledger) -> None:
    """Every field of them."""
    Journal(ledger).write([fired(1)])
    assert [fired(1)] == Journal(ledger).read()


def test_transitions_come_back_in_order_of_time_then_of_rule_and_key(ledger: Ledger) -> None:
    """Which batch found them out does not show."""
    journal = Journal(ledger)
    journal.write([fired(5), fired(3, key="B"), fired(3, key="A")])
    journal.write([fired(1), fired(3, rule="daily_rate", key="Z")])
    expected = [fired(1), fired(3, rule="daily_rate", key="Z"), fired(3, key="A"), fired(3, key="B"), fired(5)]
    assert expected == journal.read()


def test_the_oldest_go_when_the_room_is_full(ledger: Ledger) -> None:
    """The table is bounded."""
    journal = Journal(ledger, room=3)
    for minute in range(7):
        journal.write([fired(minute)])
    assert [fired(4), fired(5), fired(6)] == journal.read()
