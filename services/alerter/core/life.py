"""The life of an alert: which reason leads from which state to which. A pair not in the table changes nothing.

Pending (``for``) and acknowledged are states on the wire already; they come in as further rows.
"""

from __future__ import annotations

from enum import StrEnum

from shared.messages import AlertState


class Reason(StrEnum):
    """Why an alert changed its state."""

    OVER_LIMIT = "over_limit"  # one event more than the limit allows
    WITHIN_LIMIT = "within_limit"  # enough events have left the window
    LIMIT_LOWERED = "limit_lowered"  # the settings changed while the service was down
    LIMIT_RAISED = "limit_raised"
    RULE_REMOVED = "rule_removed"


LIFE: dict[tuple[AlertState, Reason], AlertState] = {
    (AlertState.RESOLVED, Reason.OVER_LIMIT): AlertState.FIRING,
    (AlertState.RESOLVED, Reason.LIMIT_LOWERED): AlertState.FIRING,
    (AlertState.FIRING, Reason.WITHIN_LIMIT): AlertState.RESOLVED,
    (AlertState.FIRING, Reason.LIMIT_RAISED): AlertState.RESOLVED,
    (AlertState.FIRING, Reason.RULE_REMOVED): AlertState.RESOLVED,
}


def next_state(state: AlertState, reason: Reason) -> AlertState:
    """Return the state that ``reason`` leads to; the same one where it means nothing."""
    return LIFE.get((state, reason), state)
