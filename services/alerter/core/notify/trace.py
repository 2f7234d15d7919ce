"""Who would be notified of an alert, when, and what would hold it back. No notice is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.alerter.core.keys import AlertId
from services.alerter.core.notify.dispatch import MUTE_STAGES, MuteContext, NotificationPlan
from services.alerter.core.notify.groups import Group, group_key
from services.alerter.core.notify.routes import Route
from services.alerter.core.notify.suppression import SuppressionReason
from shared.messages import Alert


@dataclass(frozen=True, slots=True)
class RouteStep:
    """One route that takes the alert. ``at``: when its group is due. ``held_back``: every reason, with details."""

    route: Route
    group: Mapping[str, str]
    at: datetime
    held_back: tuple[tuple[SuppressionReason, str], ...]


def trace(
    plan: NotificationPlan, context: MuteContext, alert_id: AlertId, alert: Alert, groups: Mapping[str, Group]
) -> Iterator[RouteStep]:
    """Yield each route that would take the alert if it fired now."""
    for route in plan.route.match(alert.labels):
        labels = route.group(alert.labels)
        group = groups.get(group_key(route.path, labels))
        at = context.now + route.group_wait if group is None else max(group.due, context.now)
        held = ((reason, stops) for reason, stops in MUTE_STAGES if stops(plan, route, context, alert_id, alert))
        yield RouteStep(
            route, labels, at, tuple((reason, _what(reason, plan, route, context, alert)) for reason, _ in held)
        )


def _what(reason: SuppressionReason, plan: NotificationPlan, route: Route, context: MuteContext, alert: Alert) -> str:
    """Return, for a person, what exactly holds an alert back."""
    if reason is SuppressionReason.INHIBITED:
        return f"the alert {context.inhibition.over(alert.labels)} fires"
    if reason is SuppressionReason.SILENCED:
        found = context.silences.over(alert.labels, context.now)
        silence = next(each for each in context.silences.all if each.id == found)
        return f"silence {silence.id} of {silence.by}, until {silence.ends.isoformat()[:19]}Z: {silence.comment}"
    if reason is SuppressionReason.MUTED:
        holding = [name for name in route.mute if any(part.holds(context.now) for part in plan.intervals[name])]
        return f"it is within {', '.join(holding)}"
    if reason is SuppressionReason.INACTIVE:
        return f"it is not within {', '.join(route.active)}"
    return reason.value
