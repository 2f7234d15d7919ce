"""Incidents of one pattern and one key: a fold over their events in the order of (time, id).

Rules:
1. The result is a function of the set of events, not of their order of arrival: an event up to ``lateness`` behind the
   newest is sorted in, and the events after it are judged again.
2. Older events are settled. An event that comes even later belongs to no incident of this key.
3. An incident's id follows from pattern, key and its first event.
4. Everything has a bound: at most ``ROOM`` events are pending (beyond that the oldest are settled early), at most
   ``ROOM`` wait as evidence, and an incident names at most ``NAMED`` of its events.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace

ROOM = 256
NAMED = 50
NEVER = -(2**62)


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """An event as a pattern sees it: ``role`` is ``of``, ``joins`` or ``ends``."""

    time_us: int
    id: str
    type: str = ""
    device: str = ""
    role: str = "of"


@dataclass(frozen=True, slots=True)
class Incident:
    """From its first event to its last. ``end_us`` is None while it is open; ``why`` is ``ended`` or ``quiet``."""

    id: str
    start_us: int
    last_us: int
    count: int
    events: tuple[str, ...]
    end_us: int | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class FoldState:
    """The state of a fold: evidence that is not enough yet, or the open incident."""

    evidence: tuple[Entry, ...] = ()
    open: Incident | None = None


@dataclass(frozen=True, slots=True)
class PatternRule:
    """A compiled pattern. ``name_it`` makes an incident's id from its first event."""

    count: int
    distinct: str
    within_us: int
    quiet_us: int
    lateness_us: int
    name_it: Callable[[Entry], str]


@dataclass(frozen=True, slots=True)
class Group:
    """The incidents of one pattern and key. ``pending`` may be judged again; ``closed`` incidents ended among them.

    ``floor_us`` is the time of the last settled event, ``sender`` is who sent the first.
    """

    settled: FoldState = FoldState()
    floor_us: int = NEVER
    pending: tuple[Entry, ...] = ()
    live: FoldState = FoldState()
    closed: tuple[Incident, ...] = ()
    newest_us: int = NEVER
    sender: str = ""


@dataclass(frozen=True, slots=True)
class GroupUpdate:
    """The group after an event: the incident that it belongs to, and whether it came too late for any."""

    group: Group
    incident: Incident | None = None
    late: bool = False


def step(
    rule: PatternRule, reached: FoldState, entry: Entry
) -> tuple[FoldState, tuple[Incident, ...], Incident | None]:
    """Return the state after the next event, the incidents that it closed, and the incident it belongs to."""
    closed: tuple[Incident, ...] = ()
    current = reached.open
    if current is not None and entry.time_us - current.last_us > rule.quiet_us:
        closed, current, reached = (ended(current),), None, FoldState()
    if current is not None:
        joined = _join(current, entry)
        if entry.role == "ends":
            joined = replace(joined, end_us=entry.time_us, why="ended")
            return FoldState(), (*closed, joined), joined
        return FoldState((), joined), closed, joined
    if entry.role != "of":
        return reached, closed, None
    evidence = (*(e for e in reached.evidence if entry.time_us - e.time_us <= rule.within_us), entry)[-ROOM:]
    if _weight(rule, evidence) < rule.count:
        return FoldState(evidence), closed, None
    ids = tuple(e.id for e in evidence)[:NAMED]
    opened = Incident(rule.name_it(evidence[0]), evidence[0].time_us, entry.time_us, len(evidence), ids)
    return FoldState((), opened), closed, opened


def _weight(rule: PatternRule, evidence: tuple[Entry, ...]) -> int:
    return len(evidence) if rule.distinct == "event" else len({getattr(e, rule.distinct) for e in evidence})


def _join(incident: Incident, entry: Entry) -> Incident:
    named = (*incident.events, entry.id) if len(incident.events) < NAMED else incident.events
    return replace(incident, last_us=entry.time_us, count=incident.count + 1, events=named)


def ended(incident: Incident) -> Incident:
    """Return an incident that ended by ``quiet``, at its last event."""
    return replace(incident, end_us=incident.last_us, why="quiet")


def add_entry(rule: PatternRule, group: Group, entry: Entry) -> GroupUpdate:
    """Return the group after one more event; events may come in any order."""
    if entry.time_us < group.newest_us - rule.lateness_us:
        return GroupUpdate(group, late=True)
    if entry.time_us < group.floor_us:  # settled early, for want of room: it comes next
        entry = replace(entry, time_us=group.floor_us)
    at = bisect_left(group.pending, entry)
    if at < len(group.pending) and group.pending[at].id == entry.id:
        return GroupUpdate(group)
    pending = (*group.pending[:at], entry, *group.pending[at:])
    newest_us = max(group.newest_us, entry.time_us)
    if at == len(group.pending):
        live, closed, incident = step(rule, group.live, entry)
        after = replace(group, pending=pending, live=live, closed=group.closed + closed, newest_us=newest_us)
    else:
        live, closed, incident = _fold(rule, group.settled, pending, entry)
        after = replace(group, pending=pending, live=live, closed=closed, newest_us=newest_us)
    return GroupUpdate(_settle(rule, after), incident)


def _fold(
    rule: PatternRule, reached: FoldState, entries: tuple[Entry, ...], about: Entry | None = None
) -> tuple[FoldState, tuple[Incident, ...], Incident | None]:
    closed: tuple[Incident, ...] = ()
    found = None
    for entry in entries:
        reached, ends, incident = step(rule, reached, entry)
        closed += ends
        if entry is about:
            found = incident
    return reached, closed, found


def _settle(rule: PatternRule, group: Group) -> Group:
    """Settle the events that no later event can precede."""
    horizon_us = group.newest_us - rule.lateness_us
    count = bisect_left(group.pending, Entry(horizon_us, ""))
    count = max(count, len(group.pending) - ROOM)
    if not count:
        return group
    settled, final, _ = _fold(rule, group.settled, group.pending[:count])
    floor_us = group.pending[count - 1].time_us
    return replace(
        group, settled=settled, floor_us=floor_us, pending=group.pending[count:], closed=group.closed[len(final) :]
    )


def present(rule: PatternRule, group: Group, now_us: int) -> tuple[Incident, ...]:
    """Return the incidents that are open or ended among the pending events, oldest first, as of ``now_us``."""
    current = group.live.open
    if current is None:
        return group.closed
    return (*group.closed, ended(current) if now_us - current.last_us > rule.quiet_us else current)
