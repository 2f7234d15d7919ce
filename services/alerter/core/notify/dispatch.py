"""The way of an alert from firing to a notice. ``STAGES`` is all of it, in order; each says why it stops somebody.

The stages up to ``flapping`` can mute an alert each time its group is looked at; ``groups.look`` then decides by what
has been told already. Nothing here reads a clock: ``now`` is the wall clock's time, or a recording's.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from services.alerter.core.notify.groups import Group, Place, group_key, is_alight, look
from services.alerter.core.notify.inhibition import Inhibition, InhibitRule
from services.alerter.core.notify.intervals import Interval
from services.alerter.core.notify.notice import LISTED, Quiet
from services.alerter.core.notify.routes import Flapping, Receiver, Route
from services.alerter.core.notify.silences import Silences
from shared.messages import Alert, AlertState, Severity
from shared.notices import Notice

_SPACE = uuid.UUID("6c4e4c7e-9f7b-5c1e-8c0a-5a8a1f6f2d53")
_RANK = {severity: rank for rank, severity in enumerate(reversed(Severity))}


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is told of what, and when not: the settings of ``config/alerts.yaml`` that are not rules."""

    route: Route
    receivers: Mapping[str, Receiver]
    inhibit: tuple[InhibitRule, ...] = ()
    intervals: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    flapping: Flapping = field(default_factory=Flapping)


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known while groups are looked at: the alerts, those that flap, what is silenced and inhibited."""

    now: datetime
    alert: Callable[[Place], Alert | None]
    flaps: Callable[[Place], bool]
    silences: Silences
    inhibition: Inhibition


Stage = Callable[[Plan, Route, Sight, Place, Alert], bool]


def _inhibited(_: Plan, __: Route, sight: Sight, ___: Place, alert: Alert) -> bool:
    return sight.inhibition.over(alert.labels) is not None


def _silenced(_: Plan, __: Route, sight: Sight, ___: Place, alert: Alert) -> bool:
    return sight.silences.over(alert.labels, sight.now) is not None


def _muted(plan: Plan, route: Route, sight: Sight, _: Place, __: Alert) -> bool:
    return any(interval.holds(sight.now) for name in route.mute for interval in plan.intervals[name])


def _inactive(plan: Plan, route: Route, sight: Sight, _: Place, __: Alert) -> bool:
    active = (interval.holds(sight.now) for name in route.active for interval in plan.intervals[name])
    return bool(route.active) and not any(active)


def _flapping(_: Plan, __: Route, sight: Sight, place: Place, alert: Alert) -> bool:
    return alert.state is AlertState.RESOLVED and sight.flaps(place)


STAGES: tuple[tuple[Quiet, Stage], ...] = (
    (Quiet.INHIBITED, _inhibited),
    (Quiet.MUTED, _muted),
    (Quiet.INACTIVE, _inactive),
    (Quiet.SILENCED, _silenced),
    (Quiet.FLAPPING, _flapping),
)


def why_mute(plan: Plan, route: Route, sight: Sight, place: Place, alert: Alert) -> Quiet | None:
    """Return the reason of the first stage that stops an alert, None if none does."""
    return next((reason for reason, stops in STAGES if stops(plan, route, sight, place, alert)), None)


class Dispatcher:
    """All groups. ``touched`` collects the keys of those that have changed since it was last emptied."""

    def __init__(self, plan: Plan, groups: Iterable[Group] = ()) -> None:
        self.plan = plan
        self._routes = {route.path: route for route in plan.route.all()}
        self.groups = {group.key: group for group in groups if group.route in self._routes}
        self.touched: dict[str, None] = {group.key: None for group in groups if group.route not in self._routes}
        self._joined: list[tuple[str, Place]] = []  # who has come to which group since that was last asked
        self._newcomers: dict[str, set[Place]] = {}
        self._reschedule()

    def take(self, alert: Alert, now: datetime) -> None:
        """An alert fires: put it into the groups its routes say."""
        place = (alert.rule, alert.key)
        for route in self.plan.route.match(alert.labels):
            labels = route.group(alert.labels)
            key = group_key(route.path, labels)
            if key not in self.groups:
                self._keep(Group(route.path, tuple(sorted(labels.items())), now + route.group_wait))
            newcomers = self._newcomers.setdefault(key, set())
            if place not in newcomers and place not in self.groups[key].members:
                newcomers.add(place)
                self._joined.append((key, place))

    def current(self, key: str) -> Group | None:
        """Return a group with everybody who is in it by now."""
        group = self.groups.get(key)
        return None if group is None else replace(group, members=group.members | self._newcomers.get(key, set()))

    def joined(self) -> list[tuple[str, Place]]:
        """Return who has come to which group since this was last asked, and is still new there."""
        joined, self._joined = self._joined, []
        return [(key, place) for key, place in joined if place in self._newcomers.get(key, ())]

    def due(self, now: datetime) -> bool:
        """Whether a group is due."""
        return bool(self._due) and self._due[0][0] <= now

    def next_due(self) -> datetime | None:
        """Return when a group may be due next."""
        return self._due[0][0] if self._due else None

    def look(self, sight: Sight) -> tuple[list[Notice], dict[Place, Quiet]]:
        """Look at every group that is due; return the notices, and why others were not told of."""
        notices: list[Notice] = []
        quiet: dict[Place, Quiet] = {}
        while self._due and self._due[0][0] <= sight.now:
            due, key = heappop(self._due)
            group = self.groups.get(key)
            if group is not None and group.due == due:
                group = replace(group, members=group.members | self._newcomers.pop(key, set()))
                notices += self._look(group, sight, quiet)
        return notices, quiet

    def shift(self, by: timedelta) -> None:
        """The clock stepped: what was to be in an hour still is."""
        for group in list(self.groups.values()):
            told_at = None if group.told_at is None else group.told_at + by
            self.groups[group.key] = replace(group, due=group.due + by, told_at=told_at)
            self.touched[group.key] = None
        self._reschedule()

    def _look(self, group: Group, sight: Sight, quiet: dict[Place, Quiet]) -> list[Notice]:
        route = self._routes[group.route]
        found = {place: alert for place in sorted(group.members) if (alert := sight.alert(place)) is not None}
        mute = {
            place: why for place, alert in found.items() if (why := why_mute(self.plan, route, sight, place, alert))
        }
        for place in [place for place, why in mute.items() if why is Quiet.FLAPPING]:
            found[place] = found[place].model_copy(update={"state": AlertState.FIRING})
        seen = look(group, found, mute, route, self.plan.receivers[route.receiver], sight.now)
        quiet.update(seen.quiet)
        if seen.group.members:
            self._keep(seen.group)
        else:
            del self.groups[group.key]
            self.touched[group.key] = None
        if seen.reason is None:
            return []
        return [_notice(seen.group, route, seen.reason, seen.firing, seen.resolved, sight.now)]

    def _keep(self, group: Group) -> None:
        self.groups[group.key] = group
        self.touched[group.key] = None
        heappush(self._due, (group.due, group.key))

    def _reschedule(self) -> None:
        self._due = [(group.due, key) for key, group in self.groups.items()]
        heapify(self._due)


def _notice(
    group: Group, route: Route, reason: str, firing: Sequence[Alert], resolved: Sequence[Alert], now: datetime
) -> Notice:
    listed = sorted(firing, key=_worst_first) + sorted(resolved, key=_worst_first)
    return Notice.model_validate(
        {
            "id": str(uuid.uuid5(_SPACE, f"{group.key}|{group.number}|{now.isoformat()}")),
            "receiver": route.receiver,
            "group_key": group.key,
            "number": group.number,
            "time": now,
            "status": "firing" if any(map(is_alight, firing)) else "resolved",
            "reason": reason,
            "group_labels": dict(group.labels),
            "common_labels": _common([alert.labels for alert in listed]),
            "common_annotations": _common([alert.annotations for alert in listed]),
            "firing": len(firing),
            "resolved": len(resolved),
            "alerts": tuple(listed[:LISTED]),
        }
    )


def _worst_first(alert: Alert) -> tuple[int, datetime, str, str]:
    return _RANK[alert.severity], alert.since, alert.rule, alert.key


def _common(several: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return what all of them have, with the same value."""
    first, *others = several
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
