"""Which services are online: ``status/…`` becomes one ``system.service.offline`` and one ``system.service.online``.

Rules:
1. Only the last will makes a service offline: ``stopped`` is no failure.
2. A change counts when it has lasted ``dwell_s`` while this service itself was connected. So a restart of the broker,
   with or without last wills, is no change: a moment later all services are back.
3. The last report of each service is remembered: the same status again, retained or after a restart, reports nothing.
   A new service that is online is not reported; a new one that is offline is.
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
    """One service: its last report, the number of changes, and its last status with its time (monotonic s)."""

    reported: PresenceState | None = None
    changes: int = 0
    epoch: str | None = None
    sign: Sign = "online"
    since_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """A change to report. ``ordinal`` counts the changes of this service, from 1."""

    service: str
    to: PresenceState
    ordinal: int
    epoch: str | None


Known = Mapping[str, Presence]


def take_sign(known: Known, service: str, sign: Sign, epoch: str | None, now_s: float) -> Known:
    """Return the services after one status message."""
    before = known.get(service)
    if before is None:
        return known if len(known) >= MOST else {**known, service: Presence(sign=sign, epoch=epoch, since_s=now_s)}
    after = replace(before, epoch=epoch or before.epoch)
    if sign != before.sign:
        after = replace(after, sign=sign, since_s=now_s)
    return known if after == before else {**known, service: after}


def interrupted(known: Known, now_s: float) -> Known:
    """Return the services after this service itself lost its connection: every dwell begins anew."""
    return {service: replace(each, since_s=now_s) for service, each in known.items()}


def report_changes(known: Known, dwell_s: float, now_s: float) -> tuple[Known, tuple[PresenceChange, ...]]:
    """Return the services, and the changes that have lasted long enough to report."""
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
