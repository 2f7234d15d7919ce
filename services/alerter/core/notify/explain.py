"""Who would be notified of an alert with certain labels, when, and what holds it back: the way a real alert takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.alerter.core.keys import fingerprint, key_of
from services.alerter.core.notify.dispatch import MuteContext, Plan, suppression_reason
from services.alerter.core.notify.groups import Group, group_key
from services.alerter.core.notify.routes import Route
from services.alerter.core.notify.suppression import SuppressionReason
from shared.messages import Alert, AlertState, Severity

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RouteExplanation:
    """One route that takes the alert. ``due``: when its group sends next; ``held_by`` is what suppresses it."""

    route: str
    receiver: str
    group: Labels
    due: datetime
    reason: SuppressionReason | None
    held_by: str


def explain(
    plan: Plan, labels: Labels, context: MuteContext, group: Callable[[str], Group | None]
) -> tuple[RouteExplanation, ...]:
    """Return what each route that takes these labels would do at ``context.now``; ``group`` finds a standing one."""
    return tuple(_explain_route(plan, route, labels, context, group) for route in plan.route.match(labels))


def _explain_route(
    plan: Plan, route: Route, labels: Labels, context: MuteContext, group: Callable[[str], Group | None]
) -> RouteExplanation:
    alert = _alert(labels, context.now)
    reason = suppression_reason(plan, route, context, (alert.rule, alert.key), alert)
    grouped = route.group(labels)
    standing = group(group_key(route.path, grouped))
    # A group that stands already takes a new alert along at its next turn; a new group waits for more to come.
    due = context.now + route.group_wait if standing is None else max(standing.due, context.now)
    held_by = "" if reason is None else _held_by(plan, route, labels, context, reason)
    return RouteExplanation(route.path, route.receiver, grouped, due, reason, held_by)


def _held_by(plan: Plan, route: Route, labels: Labels, context: MuteContext, reason: SuppressionReason) -> str:
    match reason:
        case SuppressionReason.INHIBITED:
            return f"the alert {context.inhibition.over(labels)}"
        case SuppressionReason.SILENCED:
            return f"the silence {context.silences.over(labels, context.now)}"
        case SuppressionReason.MUTED:
            return f"the time interval {', '.join(_holding(plan, route.mute, context.now))}"
        case SuppressionReason.INACTIVE:
            return f"the time interval {', '.join(route.active)}, which does not hold now"
        case _:
            return reason.value.replace("_", " ")


def _holding(plan: Plan, names: tuple[str, ...], now: datetime) -> Iterator[str]:
    return (name for name in names if any(interval.holds(now) for interval in plan.intervals[name]))


def _alert(labels: Labels, now: datetime) -> Alert:
    """Return an alert that would fire now with these labels."""
    known = {severity.value: severity for severity in Severity}
    rule = labels.get("rule", "unnamed")
    return Alert(
        rule=key_of((rule,)),
        key=key_of((labels.get("key") or labels.get("device"),)),
        state=AlertState.FIRING,
        severity=known.get(labels.get("severity", ""), Severity.WARNING),
        since=now,
        time=now,
        value=0.0,
        threshold=0.0,
        window_s=0.0,
        reason="test",
        message="",
        labels=dict(labels),
        fingerprint=fingerprint(labels),
    )
