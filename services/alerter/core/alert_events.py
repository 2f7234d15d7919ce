"""Alerts and emergency stops as events that are offered, so that they are counted like any other.

Each id follows from the alert's own identity, so an offer that is made twice counts once. What is history by the clock
of this machine, a recording that is played, say, is not offered: it is no news.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from services.alerter.core.actions import STOP
from services.alerter.core.states import Reason
from shared.instants import time_to_us
from shared.messages import Alert, AlertState, Candidate
from shared.topics import NAME

NEWS = timedelta(minutes=15)
RAISED, CLEARED = "alert.raised", "alert.cleared"
STOPPED, RESET = "emergency.stop", "emergency.reset"


def event_of(alert: Alert, now: datetime) -> Candidate | None:
    """Return the event to offer for a transition at ``now``; None where it is none, or no news."""
    if abs(now - alert.time) > NEWS or alert.reason == Reason.PASSED:
        return None
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
    return Candidate.model_validate(
        {"type": kind, "id": identity, "time": alert.time, **places, "data": {**data, **figures}}
    )
