"""Groups: the alerts of one route that are told of together, and when. Pure functions of (group, alerts, now).

1. A new group waits ``group_wait``, then is looked at every ``group_interval``.
2. It is told of when an alert fires in it that was not told of, when all have resolved, when some have and the receiver
   wants to hear it, and again after ``repeat_interval`` while one fires that nobody has acknowledged.
3. What resolved before it was told of is not told of. What is mute now and was told of keeps its place: it is neither
   resolved nor new when it can be heard again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.alerter.core.notify.notice import Quiet
from services.alerter.core.notify.routes import Receiver, Route
from shared.messages import Alert, AlertState
from shared.notices import NoticeReason

Place = tuple[str, str]  # rule, key


@dataclass(frozen=True, slots=True)
class Group:
    """``members`` are all alerts in it, ``told`` those told of as firing; ``number`` counts its notices."""

    route: str
    labels: tuple[tuple[str, str], ...]
    due: datetime
    members: frozenset[Place] = frozenset()
    told: frozenset[Place] = frozenset()
    told_at: datetime | None = None
    number: int = 0

    @property
    def key(self) -> str:
        """What tells this group from any other."""
        return group_key(self.route, dict(self.labels))


def group_key(route: str, labels: Mapping[str, str]) -> str:
    """Return what tells a group from any other."""
    said = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"{route}:{{{said}}}"


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a group came to: the group after it, why a notice is given if one is, and of whom."""

    group: Group
    reason: NoticeReason | None
    firing: tuple[Alert, ...]
    resolved: tuple[Alert, ...]
    quiet: Mapping[Place, Quiet]  # why an alert is not in the notice


def look(
    group: Group,
    alerts: Mapping[Place, Alert],
    mute: Mapping[Place, Quiet],
    route: Route,
    receiver: Receiver,
    now: datetime,
) -> Look:
    """Decide what is told of a group that is due. ``alerts`` are its members as they stand, ``mute`` those that are."""
    alight = {place for place, alert in alerts.items() if is_alight(alert)}
    firing = {place: alert for place, alert in alerts.items() if place in alight and place not in mute}
    over = {place: alert for place, alert in alerts.items() if place not in alight and place not in mute}
    resolved = {place: alert for place, alert in over.items() if place in group.told}
    held = frozenset(place for place in group.told if place in mute and place in alight)
    quiet = {**mute, **{place: Quiet.UNTOLD for place in over if place not in resolved}}
    after = replace(group, due=now + route.group_interval, members=frozenset(alight))
    reason = _reason(group, firing, resolved, held, route, receiver, now)
    if reason is not None and not receiver.send_resolved:
        quiet |= dict.fromkeys(resolved, Quiet.NO_RESOLVED)
        resolved = {}
        if not firing:
            return Look(replace(after, told=held), None, (), (), quiet)
    if reason is None:
        still = frozenset(group.told & alight)
        return Look(replace(after, told=still), None, (), (), quiet | _why_quiet(firing))
    after = replace(after, told=held | firing.keys(), told_at=now, number=group.number + 1)
    return Look(after, reason, tuple(firing.values()), tuple(resolved.values()), quiet)


def is_alight(alert: Alert) -> bool:
    """Whether an alert fires, acknowledged or not."""
    return alert.state in (AlertState.FIRING, AlertState.ACKNOWLEDGED)


def _reason(
    group: Group,
    firing: Mapping[Place, Alert],
    resolved: Mapping[Place, Alert],
    held: frozenset[Place],
    route: Route,
    receiver: Receiver,
    now: datetime,
) -> NoticeReason | None:
    unseen = {place for place, alert in firing.items() if alert.state is AlertState.FIRING}
    if unseen - group.told:
        return NoticeReason.NEW_ALERTS if group.told else NoticeReason.FIRST
    if resolved and not firing and not held:
        return NoticeReason.ALL_RESOLVED
    if resolved and receiver.send_resolved:
        return NoticeReason.RESOLVED
    if unseen and group.told_at is not None and now >= group.told_at + route.repeat_interval:
        return NoticeReason.REPEAT
    return None


def _why_quiet(firing: Mapping[Place, Alert]) -> dict[Place, Quiet]:
    seen = AlertState.ACKNOWLEDGED
    return {place: Quiet.ACKNOWLEDGED if alert.state is seen else Quiet.TOLD for place, alert in firing.items()}
