"""From firing alerts to notices. ``MUTE_STAGES`` lists what can hold an alert back, in order, with the reason.

Each time a group is due, each stage can suppress an alert. ``groups.decide_group`` then decides by what earlier notices
named. Nothing here reads a clock: ``now`` is the wall clock's time, or a recording's.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from services.alerter.core.keys import AlertId
from services.alerter.core.limits import NOTICE_GROUPS
from services.alerter.core.notify.groups import Group, GroupDecision, common, decide_group, group_key, is_firing
from services.alerter.core.notify.inhibition import Inhibition, InhibitRule
from services.alerter.core.notify.intervals import Interval
from services.alerter.core.notify.routes import Flapping, Receiver, Route
from services.alerter.core.notify.silences import Silences
from services.alerter.core.notify.suppression import LISTED, SuppressionReason
from shared.instants import shifted
from shared.limits import LimitReports
from shared.messages import Alert, AlertState, Severity
from shared.notices import Notice, NoticeReason

_SPACE = uuid.UUID("6c4e4c7e-9f7b-5c1e-8c0a-5a8a1f6f2d53")
_RANK = {severity: rank for rank, severity in enumerate(reversed(Severity))}


@dataclass(frozen=True, slots=True)
class NotificationPlan:
    """The settings of ``config/alerts.yaml`` that are not rules: who is notified of what, and when not."""

    route: Route
    receivers: Mapping[str, Receiver]
    inhibit: tuple[InhibitRule, ...] = ()
    intervals: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    flapping: Flapping = field(default_factory=Flapping)


@dataclass(frozen=True, slots=True)
class MuteContext:
    """What the stages judge by: the alerts, those that flap, the silences and the inhibition."""

    now: datetime
    alert: Callable[[AlertId], Alert | None]
    flaps: Callable[[AlertId], bool]
    silences: Silences
    inhibition: Inhibition


Stage = Callable[[NotificationPlan, Route, MuteContext, AlertId, Alert], bool]


def _inhibited(_: NotificationPlan, __: Route, context: MuteContext, ___: AlertId, alert: Alert) -> bool:
    return context.inhibition.over(alert.labels) is not None


def _silenced(_: NotificationPlan, __: Route, context: MuteContext, ___: AlertId, alert: Alert) -> bool:
    return context.silences.over(alert.labels, context.now) is not None


def _muted(plan: NotificationPlan, route: Route, context: MuteContext, _: AlertId, __: Alert) -> bool:
    return any(interval.holds(context.now) for name in route.mute for interval in plan.intervals[name])


def _inactive(plan: NotificationPlan, route: Route, context: MuteContext, _: AlertId, __: Alert) -> bool:
    active = (interval.holds(context.now) for name in route.active for interval in plan.intervals[name])
    return bool(route.active) and not any(active)


def _flapping(_: NotificationPlan, __: Route, context: MuteContext, alert_id: AlertId, alert: Alert) -> bool:
    return alert.state is AlertState.RESOLVED and context.flaps(alert_id)


MUTE_STAGES: tuple[tuple[SuppressionReason, Stage], ...] = (
    (SuppressionReason.INHIBITED, _inhibited),
    (SuppressionReason.MUTED, _muted),
    (SuppressionReason.INACTIVE, _inactive),
    (SuppressionReason.SILENCED, _silenced),
    (SuppressionReason.FLAPPING, _flapping),
)


def suppression_reason(
    plan: NotificationPlan, route: Route, context: MuteContext, alert_id: AlertId, alert: Alert
) -> SuppressionReason | None:
    """Return the reason of the first stage that holds an alert back; None: nothing does."""
    return next((reason for reason, stops in MUTE_STAGES if stops(plan, route, context, alert_id, alert)), None)


class Dispatcher:
    """All groups. ``touched`` collects the keys of groups that changed since the caller last emptied it."""

    def __init__(
        self,
        plan: NotificationPlan,
        groups: Iterable[Group] = (),
        limits: LimitReports | None = None,
        most: int = NOTICE_GROUPS.most,
    ) -> None:
        self.plan = plan
        self._limits = LimitReports() if limits is None else limits
        self._most = most
        self._routes = {route.path: route for route in plan.route.all()}
        self.groups = {group.key: group for group in groups if group.route in self._routes}
        self.touched: dict[str, None] = {group.key: None for group in groups if group.route not in self._routes}
        self._joined: list[tuple[str, AlertId]] = []  # (group, alert) pairs that are new since the last ``joined``
        self._newcomers: dict[str, set[AlertId]] = {}
        self._reschedule()

    def insert(self, alert: Alert, now: datetime) -> None:
        """Put a firing alert into the groups that its routes name."""
        alert_id = (alert.rule, alert.key)
        for route in self.plan.route.match(alert.labels):
            labels = route.group(alert.labels)
            key = group_key(route.path, labels)
            if key not in self.groups and len(self.groups) >= self._most:
                self._limits.note(NOTICE_GROUPS, alert.labels.get("device", alert.rule), most=self._most)
                labels, key = {}, group_key(route.path, {})  # no room for one more: the rest share a group
            if key not in self.groups:
                self._put(Group(route.path, tuple(sorted(labels.items())), shifted(now, route.group_wait)))
            newcomers = self._newcomers.setdefault(key, set())
            if alert_id not in newcomers and alert_id not in self.groups[key].members:
                newcomers.add(alert_id)
                self._joined.append((key, alert_id))

    def current(self, key: str) -> Group | None:
        """Return a group with every alert that is in it now, newcomers included; None if there is no such group."""
        group = self.groups.get(key)
        return None if group is None else replace(group, members=group.members | self._newcomers.get(key, set()))

    def joined(self) -> list[tuple[str, AlertId]]:
        """Return the alerts that joined a group since the last call and that the group has not decided on yet."""
        joined, self._joined = self._joined, []
        return [(key, alert_id) for key, alert_id in joined if alert_id in self._newcomers.get(key, ())]

    def due(self, now: datetime) -> bool:
        """Whether a group is due."""
        return bool(self._due) and self._due[0][0] <= now

    def next_due(self) -> datetime | None:
        """Return when to look again: no group is due earlier. None: no group is waiting."""
        return self._due[0][0] if self._due else None

    def flush_due(self, context: MuteContext) -> tuple[list[Notice], dict[AlertId, SuppressionReason]]:
        """Decide every group that is due; return the notices, and why the other alerts are in none."""
        notices: list[Notice] = []
        suppressed: dict[AlertId, SuppressionReason] = {}
        while self._due and self._due[0][0] <= context.now:
            due, key = heappop(self._due)
            group = self.groups.get(key)
            if group is not None and group.due == due:
                group = replace(group, members=group.members | self._newcomers.pop(key, set()))
                decision, route = self._decide(group, context), self._routes[group.route]
                suppressed.update(decision.suppressed)
                if decision.reason is not None:
                    notices.append(_notice(decision, decision.reason, route, context.now))
        return notices, suppressed

    def shift(self, by: timedelta) -> None:
        """Move every group along with a step of the wall clock: what was due in an hour still is."""
        for group in list(self.groups.values()):
            notified_at = None if group.notified_at is None else group.notified_at + by
            self.groups[group.key] = replace(group, due=group.due + by, notified_at=notified_at)
            self.touched[group.key] = None
        self._reschedule()

    def _decide(self, group: Group, context: MuteContext) -> GroupDecision:
        route = self._routes[group.route]
        alerts = {one: alert for one in sorted(group.members) if (alert := context.alert(one)) is not None}
        suppressed = {
            one: reason
            for one, alert in alerts.items()
            if (reason := suppression_reason(self.plan, route, context, one, alert)) is not None
        }
        # An alert that flaps keeps its standing as firing, so that its group does not resolve and begin anew.
        for one in [one for one, reason in suppressed.items() if reason is SuppressionReason.FLAPPING]:
            alerts[one] = alerts[one].model_copy(update={"state": AlertState.FIRING})
        decision = decide_group(group, alerts, suppressed, route, self.plan.receivers[route.receiver], context.now)
        # A group without members is over. The next alert opens a new one, which waits ``group_wait`` again.
        if decision.group.members:
            self._put(decision.group)
        else:
            del self.groups[group.key]
            self.touched[group.key] = None
        return decision

    def _put(self, group: Group) -> None:
        self.groups[group.key] = group
        self.touched[group.key] = None
        heappush(self._due, (group.due, group.key))

    def _reschedule(self) -> None:
        self._due = [(group.due, key) for key, group in self.groups.items()]
        heapify(self._due)


def _notice(decision: GroupDecision, reason: NoticeReason, route: Route, now: datetime) -> Notice:
    group, firing, resolved = decision.group, decision.firing, decision.resolved
    listed = sorted(firing, key=_worst_first) + sorted(resolved, key=_worst_first)
    return Notice.model_validate(
        {
            "id": str(uuid.uuid5(_SPACE, f"{group.key}|{group.number}|{now.isoformat()}")),
            "receiver": route.receiver,
            "group_key": group.key,
            "number": group.number,
            "time": now,
            "status": "firing" if any(map(is_firing, firing)) else "resolved",
            "reason": reason,
            "group_labels": dict(group.labels),
            "common_labels": common([alert.labels for alert in listed]),
            "common_annotations": common([alert.annotations for alert in listed]),
            "firing": len(firing),
            "resolved": len(resolved),
            "alerts": tuple(listed[:LISTED]),
        }
    )


def _worst_first(alert: Alert) -> tuple[int, datetime, str, str]:
    return _RANK[alert.severity], alert.since, alert.rule, alert.key
