"""The states of an alert: which reason leads from which state to which. A pair not in the table changes nothing.

An alert without a record is ``resolved``. ``transitions.py`` finds the reasons; only this table says where they lead.
"""

from __future__ import annotations

from enum import StrEnum

from shared.messages import AlertState


class Reason(StrEnum):
    """Why an alert changed its state."""

    BEGAN = "began"  # the condition holds, and must hold for ``hold`` before it fires
    PASSED = "passed"  # … and did not
    HELD = "held"  # … and did
    OVER_LIMIT = "over_limit"  # more events, or further off, than the limit allows
    WITHIN_LIMIT = "within_limit"
    ABSENT = "absent"  # nothing came in time
    SEEN_AGAIN = "seen_again"
    GIVEN_UP = "given_up"  # absent for ``give_up``
    OFFLINE = "offline"  # a service's last will was published
    BACK = "back"
    MEMBERS_FIRE = "members_fire"  # the rules a composite is made of
    MEMBERS_QUIET = "members_quiet"
    STOPPED = "stopped"  # an emergency stop was called for
    RESET = "reset"  # … and lifted by a person, who says why
    ACKNOWLEDGED = "acknowledged"  # a person has seen it
    LIMIT_LOWERED = "limit_lowered"  # the settings changed while the service was down
    LIMIT_RAISED = "limit_raised"
    RULE_REMOVED = "rule_removed"


_FIRES = (
    Reason.OVER_LIMIT,
    Reason.ABSENT,
    Reason.OFFLINE,
    Reason.MEMBERS_FIRE,
    Reason.STOPPED,
    Reason.LIMIT_LOWERED,
)
_ENDS = (
    Reason.WITHIN_LIMIT,
    Reason.SEEN_AGAIN,
    Reason.GIVEN_UP,
    Reason.BACK,
    Reason.MEMBERS_QUIET,
    Reason.RESET,
    Reason.LIMIT_RAISED,
    Reason.RULE_REMOVED,
)
IS_FIRING = (AlertState.FIRING, AlertState.ACKNOWLEDGED)

TRANSITIONS: dict[tuple[AlertState, Reason], AlertState] = {
    (AlertState.RESOLVED, Reason.BEGAN): AlertState.PENDING,
    (AlertState.PENDING, Reason.PASSED): AlertState.RESOLVED,
    (AlertState.PENDING, Reason.HELD): AlertState.FIRING,
    (AlertState.PENDING, Reason.RULE_REMOVED): AlertState.RESOLVED,
    (AlertState.FIRING, Reason.ACKNOWLEDGED): AlertState.ACKNOWLEDGED,
    **{(AlertState.RESOLVED, reason): AlertState.FIRING for reason in _FIRES},
    **{(state, reason): AlertState.RESOLVED for state in IS_FIRING for reason in _ENDS},
}

# Why an alert that does not fire cannot be acknowledged.
NOT_FIRING = {
    AlertState.ACKNOWLEDGED: "has been acknowledged already",
    AlertState.PENDING: "only waits to fire",
    AlertState.RESOLVED: "has resolved",
}


def next_state(state: AlertState, reason: Reason) -> AlertState:
    """Return the state that ``reason`` leads to; the same one where the table has no such pair."""
    return TRANSITIONS.get((state, reason), state)
