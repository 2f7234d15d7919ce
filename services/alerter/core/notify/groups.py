"""Groups: the alerts of one route that share a notice, and when it goes out. Pure functions of (group, alerts, now).

1. A new group waits ``group_wait``. After that it is decided anew every ``group_interval``.
2. A group sends a notice when an alert fires that no notice has named, when all have resolved, when some have resolved
   and the receiver has ``send_resolved``, and again after ``repeat_interval`` while an unacknowledged alert fires.
3. An alert that resolves before any notice named it is never sent. An alert that is suppressed now but was sent before
   keeps its standing: once it is no longer suppressed, it is neither resolved nor new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.alerter.core.keys import AlertId
from services.alerter.core.notify.routes import Receiver, Route
from services.alerter.core.notify.suppression import SuppressionReason
from shared.instants import shifted
from shared.messages import Alert, AlertState
from shared.notices import NoticeReason

Alerts = Mapping[AlertId, Alert]
Suppressed = Mapping[AlertId, SuppressionReason]


@dataclass(frozen=True, slots=True)
class Group:
    """``members`` are all its alerts, ``notified`` those a notice named as firing; ``number`` counts its notices."""

    route: str
    labels: tuple[tuple[str, str], ...]
    due: datetime
    members: frozenset[AlertId] = frozenset()
    notified: frozenset[AlertId] = frozenset()
    notified_at: datetime | None = None
    number: int = 0

    @property
    def key(self) -> str:
        """The route and the labels, as one text."""
        return group_key(self.route, dict(self.labels))


def group_key(route: str, labels: Mapping[str, str]) -> str:
    """Return the key of a group: its route and labels, as Alertmanager writes it."""
    text = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"{route}:{{{text}}}"


@dataclass(frozen=True, slots=True)
class GroupDecision:
    """The group afterwards, and the notice it sends: its reason (None: no notice) and its alerts."""

    group: Group
    reason: NoticeReason | None
    firing: tuple[Alert, ...]
    resolved: tuple[Alert, ...]
    suppressed: Suppressed  # why an alert is not in the notice


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a group's alerts stand: those a notice may name, and those it already named but may not name now."""

    firing: Alerts
    resolved: Alerts  # named as firing before
    unsent: Alerts  # resolved before any notice named them
    held: frozenset[AlertId]  # named before, suppressed now


def decide_group(
    group: Group,
    alerts: Alerts,
    suppressed: Suppressed,
    route: Route,
    receiver: Receiver,
    now: datetime,
) -> GroupDecision:
    """Decide what a due group sends. ``alerts`` are its members as they stand, ``suppressed`` those held back."""
    standing = _standing(group, alerts, suppressed)
    quiet = {**suppressed, **dict.fromkeys(standing.unsent, SuppressionReason.RESOLVED_UNSENT)}
    members = frozenset(alert_id for alert_id, alert in alerts.items() if is_firing(alert))
    after = replace(group, due=shifted(now, route.group_interval), members=members)
    resolved = dict(standing.resolved)
    reason = notice_reason(group, standing, route, receiver, now)
    if reason is not None and not receiver.send_resolved:
        # The receiver does not want ends. They leave the notice; without a firing alert nothing is left to send.
        quiet |= dict.fromkeys(resolved, SuppressionReason.NO_RESOLVED)
        resolved = {}
        if not standing.firing:
            return GroupDecision(replace(after, notified=standing.held), None, (), (), quiet)
    if reason is None:
        # Nothing is new. What was sent and still fires stays sent, so that only a change or a repeat sends again.
        still = frozenset(group.notified & members)
        return GroupDecision(replace(after, notified=still), None, (), (), quiet | _already_sent(standing.firing))
    sent = standing.held | standing.firing.keys()
    after = replace(after, notified=sent, notified_at=now, number=group.number + 1)
    return GroupDecision(after, reason, tuple(standing.firing.values()), tuple(resolved.values()), quiet)


def is_firing(alert: Alert) -> bool:
    """Whether an alert fires, acknowledged or not."""
    return alert.state in (AlertState.FIRING, AlertState.ACKNOWLEDGED)


def common(several: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the labels or annotations that all of them have with the same value; empty for none."""
    first, *others = several or [{}]
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def notice_reason(
    group: Group, standing: _Standing, route: Route, receiver: Receiver, now: datetime
) -> NoticeReason | None:
    """Return why a group sends a notice now; None: it sends none."""
    unseen = {alert_id for alert_id, alert in standing.firing.items() if alert.state is AlertState.FIRING}
    # An alert that no notice has named must be sent. Whoever acknowledged an alert knows of it.
    if unseen - group.notified:
        return NoticeReason.NEW_ALERTS if group.notified else NoticeReason.FIRST
    # The end of everything closes the matter. While a sent alert is only suppressed, the matter is not closed.
    if standing.resolved and not standing.firing and not standing.held:
        return NoticeReason.ALL_RESOLVED
    # Some have ended and others go on: that is news for a receiver who wants ends.
    if standing.resolved and receiver.send_resolved:
        return NoticeReason.RESOLVED
    # Nothing has changed. Remind whoever has not acknowledged, at the pace of the route.
    if unseen and group.notified_at is not None and now >= shifted(group.notified_at, route.repeat_interval):
        return NoticeReason.REPEAT
    return None


def _standing(group: Group, alerts: Alerts, suppressed: Suppressed) -> _Standing:
    shown = {alert_id: alert for alert_id, alert in alerts.items() if alert_id not in suppressed}
    over = {alert_id: alert for alert_id, alert in shown.items() if not is_firing(alert)}
    return _Standing(
        firing={alert_id: alert for alert_id, alert in shown.items() if is_firing(alert)},
        resolved={alert_id: alert for alert_id, alert in over.items() if alert_id in group.notified},
        unsent={alert_id: alert for alert_id, alert in over.items() if alert_id not in group.notified},
        held=frozenset(i for i in group.notified if i in suppressed and i in alerts and is_firing(alerts[i])),
    )


def _already_sent(firing: Alerts) -> dict[AlertId, SuppressionReason]:
    reasons = {AlertState.ACKNOWLEDGED: SuppressionReason.ACKNOWLEDGED}
    return {alert_id: reasons.get(alert.state, SuppressionReason.ALREADY_SENT) for alert_id, alert in firing.items()}
