"""Who is there: from life signs (``status/…``) to one ``system.service.offline`` and one ``system.service.online``.

Rules:
1. Only the last will makes a service offline: ``stopped`` is no failure.
2. A change counts when it has lasted ``dwell_s`` while this service itself was connected. A broker that restarts says
   last wills or nothing at all, and a moment later everybody is back: that is no change.
3. What was reported before is remembered by service: the same sign again, retained or after a restart, reports nothing.
   A service that is first heard of online is nothing new; one that is first heard of offline is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Sign = Literal["online", "stopped", "offline"]
PresenceState = Literal["online", "offline"]
MOST = 1000  # services remembered


@dataclass(frozen=True, slots=True)
class Presence:
    """One service: what was reported of it last, how many changes were, and what is seen since when (monotonic s)."""

    reported: PresenceState | None = None
    changes: int = 0
    epoch: str | None = None
    sign: Sign = "online"
    since_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """A change to be reported. ``ordinal`` counts the changes of this service, from 1."""

    service: str
    to: PresenceState
    ordinal: int
    epoch: str | None


Known = Mapping[str, Presence]


def take_sign(known: Known, service: str, sign: Sign, epoch: str | None, now_s: float) -> Known:
    """Return what is known after one life sign."""
    before = known.get(service)
    if before is None:
        return known if len(known) >= MOST else {**known, service: Presence(sign=sign, epoch=epoch, since_s=now_s)}
    after = replace(before, epoch=epoch or before.epoch)
    if sign != before.sign:
        after = replace(after, sign=sign, since_s=now_s)
    return known if after == before else {**known, service: after}


def interrupted(known: Known, now_s: float) -> Known:
    """Return what is known after this service itself was cut off: every change has yet to last."""
    return {service: replace(each, since_s=now_s) for service, each in known.items()}


def report_changes(known: Known, dwell_s: float, now_s: float) -> tuple[Known, tuple[PresenceChange, ...]]:
    """Return what is known, and the changes that have lasted long enough to be reported."""
    changes = []
    for service, each in known.items():
        to = STANDING[each.sign]
        if to is None or to == each.reported or now_s - each.since_s < dwell_s:
            continue
        silent = each.reported is None and to == "online"
        after = replace(each, reported=to, changes=each.changes + (not silent))
        known = {**known, service: after}
        if not silent:
            changes.append(PresenceChange(service, to, after.changes, each.epoch))
    return known, tuple(changes)


STANDING: dict[Sign, PresenceState | None] = {"online": "online", "stopped": None, "offline": "offline"}
