"""Alerts and emergency stops as events that are offered, so that they are counted like any other.

Rules:
1. Each id follows from the alert's own identity, so an offer that is made twice counts once.
2. Alerts older than ``NEWS`` by this machine's clock (from a recording, say) are not offered. Nor are alerts further
   ahead of the clock than event_processor accepts, as in a simulation at speed.
3. The end of an alert whose beginning was offered is always offered: otherwise the event would last for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from services.alerter.core.actions import STOP
from services.alerter.core.states import Reason
from shared.instants import time_to_us
from shared.messages import Alert, AlertState, Candidate
from shared.topics import NAME

NEWS = timedelta(minutes=15)
MOST_AHEAD = timedelta(seconds=60)  # as event_processor accepts it
RAISED, CLEARED = "alert.raised", "alert.cleared"
STOPPED, RESET = "emergency.stop", "emergency.reset"


def is_quiet(alert: Alert) -> bool:
    """Whether a transition will come to the same again, and asks nothing of anybody: it waited, and did not fire."""
    return alert.basis == "events" and alert.reason == Reason.PASSED


def event_of(alert: Alert, now: datetime, *, raised: bool = False) -> Candidate | None:
    """Return the event to offer for a transition; None where the transition has no event, or rule 2 keeps it back.

    ``raised``: the alert's beginning has been offered.
    """
    ends = alert.rule != STOP and alert.state is AlertState.RESOLVED
    if alert.reason == Reason.PASSED or not (raised if ends else -MOST_AHEAD <= now - alert.time <= NEWS):
        return None
    time = min(alert.time, now + MOST_AHEAD)  # never before its beginning, which was no further ahead
    if alert.rule == STOP:
        kind = {AlertState.FIRING: STOPPED, AlertState.RESOLVED: RESET}.get(alert.state)
        data = {"zone": alert.labels.get("zone", alert.key), "by": alert.by or "alerter", "reason": alert.message}
    else:
        kind = {AlertState.FIRING: RAISED, AlertState.RESOLVED: CLEARED}.get(alert.state)
        data = {"rule": alert.rule, "key": alert.key}
        data |= {"message": alert.message} if kind == RAISED else {"reason": alert.reason}
    if kind is None:
        return None
    figures = {"value": alert.value, "threshold": alert.threshold} if kind == RAISED else {}
    identity = f"{kind}/{alert.rule}/{alert.key}/{time_to_us(alert.time)}"
    places = {name: value for name in ("device", "zone") if NAME.match(value := alert.labels.get(name, ""))}
    return Candidate.model_validate({"type": kind, "id": identity, "time": time, **places, "data": {**data, **figures}})
