"""Notices of made-up alerts: for checking templates, and for the test message of ``upskeep alerts test``."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from services.alerter.core.keys import fingerprint
from shared.messages import Alert, AlertState, Severity
from shared.notices import Notice, NoticeReason

RULE, KEY = "upskeep_test", "test"
_SPACE = uuid.UUID("b1d3a9a4-38d2-5b0e-9a7a-6f1f7f6a0c11")
_NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def trial(receiver: str, cause: str, now: datetime) -> Notice:
    """Return the test message for a receiver; its id follows from ``cause``."""
    alert = _alert(now, AlertState.FIRING, f"This is a test of the receiver {receiver}; nothing has happened")
    annotations = {"summary": f"test of {receiver}", "action": "There is nothing to do."}
    return _notice(receiver, cause, now, NoticeReason.TEST, (alert.model_copy(update={"annotations": annotations}),))


def samples(receiver: str) -> Iterator[Notice]:
    """Yield a notice that fires, one that has resolved, and one of many alerts."""
    firing = _alert(_NOON, AlertState.FIRING, "ups: 3.4, below the limit of 3.6")
    over = _alert(_NOON, AlertState.RESOLVED, "ups: 3.9, within the limit of 3.6")
    yield _notice(receiver, "firing", _NOON, NoticeReason.FIRST, (firing,))
    yield _notice(receiver, "resolved", _NOON, NoticeReason.ALL_RESOLVED, (over,))
    yield _notice(receiver, "many", _NOON, NoticeReason.NEW_ALERTS, (firing,) * 20 + (over,) * 5)


def _alert(time: datetime, state: AlertState, message: str) -> Alert:
    labels = {"rule": RULE, "device": KEY, "severity": Severity.INFO.value}
    return Alert(
        rule=RULE,
        key=KEY,
        state=state,
        severity=Severity.INFO,
        since=time,
        time=time + timedelta(minutes=5) * (state is AlertState.RESOLVED),
        value=3.4,
        threshold=3.6,
        window_s=0.0,
        reason="test",
        message=message,
        labels=labels,
        fingerprint=fingerprint(labels),
    )


def _notice(receiver: str, cause: str, now: datetime, reason: NoticeReason, alerts: tuple[Alert, ...]) -> Notice:
    firing = sum(alert.state is AlertState.FIRING for alert in alerts)
    labels = {"rule": RULE}
    return Notice(
        id=str(uuid.uuid5(_SPACE, f"{receiver}|{cause}")),
        receiver=receiver,
        group_key=f"test:{{receiver={receiver!r}}}",
        number=1,
        time=now,
        status="firing" if firing else "resolved",
        reason=reason,
        group_labels=labels,
        common_labels=alerts[0].labels,
        common_annotations={},
        firing=firing,
        resolved=len(alerts) - firing,
        alerts=alerts,
    )
