"""The life of an alert."""

from __future__ import annotations

import pytest

from services.alerter.core.states import TRANSITIONS, Reason, next_state
from shared.messages import AlertState

PENDING, FIRING, SEEN, RESOLVED = AlertState


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        (RESOLVED, Reason.BEGAN, PENDING),
        (PENDING, Reason.HELD, FIRING),
        (PENDING, Reason.PASSED, RESOLVED),
        (PENDING, Reason.ACKNOWLEDGED, PENDING),
        (RESOLVED, Reason.OVER_LIMIT, FIRING),
        (FIRING, Reason.OVER_LIMIT, FIRING),
        (FIRING, Reason.ACKNOWLEDGED, SEEN),
        (SEEN, Reason.ACKNOWLEDGED, SEEN),
        (SEEN, Reason.WITHIN_LIMIT, RESOLVED),
        (FIRING, Reason.WITHIN_LIMIT, RESOLVED),
        (RESOLVED, Reason.WITHIN_LIMIT, RESOLVED),
        (RESOLVED, Reason.ACKNOWLEDGED, RESOLVED),
        (FIRING, Reason.RULE_REMOVED, RESOLVED),
        (PENDING, Reason.RULE_REMOVED, RESOLVED),
        (FIRING, Reason.LIMIT_RAISED, RESOLVED),
        (RESOLVED, Reason.LIMIT_LOWERED, FIRING),
    ],
)
def test_a_reason_leads_to_a_state(state: AlertState, reason: Reason, expected: AlertState) -> None:
    """A reason that means nothing in a state leaves it as it is."""
    assert expected is next_state(state, reason)


def test_every_reason_leads_somewhere() -> None:
    """No reason is without a row in the table."""
    assert set(Reason) == {reason for _, reason in TRANSITIONS}


def test_no_row_of_the_table_stands_still() -> None:
    """A row that changed nothing would be noise."""
    assert [row for row, state in TRANSITIONS.items() if row[0] is state] == []


def test_every_state_can_be_left() -> None:
    """No alert is stuck."""
    assert set(AlertState) == {state for state, _ in TRANSITIONS}
