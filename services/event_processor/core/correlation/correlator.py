"""Which earlier events an event is related to, and which incidents it belongs to.

An event is emitted at once, with the relations known by then, and never held back. Its incident is judged again when an
event comes late, and published again (docs/adr/0014).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.event_processor.core.catalogue.event_types import Catalogue
from services.event_processor.core.catalogue.type_filters import chosen
from services.event_processor.core.correlation.group_json import moved
from services.event_processor.core.correlation.incidents import (
    NEVER,
    Entry,
    Group,
    Incident,
    PatternRule,
    add_entry,
    ended,
    present,
)
from services.event_processor.core.correlation.patterns import Clue, Pattern, PatternRules
from services.event_processor.core.correlation.related import EventRef, Recent
from services.event_processor.core.limits import GROUPS
from shared.instants import time_to_us, us_to_time
from shared.jumps import Jump
from shared.limits import LimitReports
from shared.messages import Event, event_id

ROLES = ("ends", "of", "joins")  # an event has the first of these that fits
Place = tuple[str, str]  # pattern, key


@dataclass(frozen=True, slots=True)
class PatternInterest:
    """One pattern's interest in a type: the role, and what the data must say."""

    pattern: str
    role: str
    clue: Clue | None


@dataclass(frozen=True, slots=True)
class CompiledPatterns:
    """The patterns of a site, compiled. ``interests`` by event type, in the order of the file."""

    site: str
    rules: PatternRules
    interests: Mapping[str, tuple[PatternInterest, ...]]
    related: frozenset[str]
    by_name: Mapping[str, PatternRule]


@dataclass(frozen=True, slots=True)
class Correlation:
    """What goes into an event's metadata: ids of related events, and its incident with the pattern."""

    related: tuple[str, ...] = ()
    pattern: str | None = None
    incident: str | None = None


NONE = Correlation()


@dataclass(frozen=True, slots=True)
class IncidentSnapshot:
    """An incident to publish. ``sender``: who sent the first event of its group."""

    pattern: str
    key: str
    incident: Incident
    sender: str = ""


def compile_patterns(site: str, rules: PatternRules, catalogue: Catalogue) -> CompiledPatterns:
    """Return the patterns, compiled for a site and its catalogue."""
    interests: dict[str, list[PatternInterest]] = {}
    for name, pattern in rules.patterns.items():
        for role in ROLES:
            for item in getattr(pattern, role):
                clue = item if isinstance(item, Clue) else None
                for event_type in chosen([item.types if isinstance(item, Clue) else item], catalogue):
                    interests.setdefault(event_type, []).append(PatternInterest(name, role, clue))
    lateness_us = round(rules.lateness_s * 1e6)
    by_name = {name: _pattern_rule(site, name, pattern, lateness_us) for name, pattern in rules.patterns.items()}
    left_out = chosen(rules.related.except_for, catalogue)
    related = frozenset(catalogue) - left_out if rules.related.most and rules.related.window_s else frozenset[str]()
    return CompiledPatterns(site, rules, {name: tuple(found) for name, found in interests.items()}, related, by_name)


def _pattern_rule(site: str, name: str, pattern: Pattern, lateness_us: int) -> PatternRule:
    return PatternRule(
        pattern.count,
        pattern.distinct,
        round(pattern.within_s * 1e6),
        round(pattern.quiet_s * 1e6),
        lateness_us,
        lambda first: event_id(site, "", None, us_to_time(0), f"incident|{name}|{first.id}"),
    )


class Correlator:
    """The state of past events. ``groups`` and ``sights`` come from the ledger, oldest first.

    ``touched`` and ``fresh`` are what to write since the caller last cleared them; ``shifted``: everything. Beyond
    ``most`` groups, the oldest group of the sender with the most is dropped, and ``limits`` notes it.
    """

    def __init__(
        self,
        patterns: CompiledPatterns,
        groups: Iterable[tuple[Place, Group]] = (),
        sights: Iterable[EventRef] = (),
        limits: LimitReports | None = None,
        most: int = GROUPS.most,
    ) -> None:
        self.patterns = patterns
        self._limits = LimitReports() if limits is None else limits
        self._most = most
        self.recent = Recent(round(patterns.rules.related.window_s * 1e6), patterns.rules.related.most, sights)
        self.groups: dict[Place, Group] = {}
        self._held: dict[str, OrderedDict[Place, None]] = {}  # by sender, the least recently touched first
        for place, group in groups:
            if place[0] in patterns.by_name:
                self._put(place, group)
        self.now_us = max((group.newest_us for group in self.groups.values()), default=NEVER)
        self.late = 0
        self.published: dict[Place, tuple[Incident, ...]] = {place: self._present(place) for place in self.groups}
        self.touched: set[Place] = set()
        self.fresh: list[EventRef] = []
        self.shifted = False

    def correlate(self, event: Event, sender: str = "") -> Correlation:
        """Add an event that came from ``sender``; return its relations."""
        related: list[str] = []
        time_us = time_to_us(event.time)
        if event.type in self.patterns.related:
            sight = EventRef(time_us, event.id, event.device, event.zone)
            related = self.recent.before(sight)
            self.recent.add(sight)
            self.fresh.append(sight)
        interests = self.patterns.interests.get(event.type)
        if not interests:
            return Correlation(tuple(related)) if related else NONE
        pattern, incident = self._join(event, time_us, interests, sender)
        return Correlation(tuple(related), pattern, incident)

    def _join(
        self, event: Event, time_us: int, interests: tuple[PatternInterest, ...], sender: str
    ) -> tuple[str | None, str | None]:
        """Return pattern and id of the first incident that the event belongs to, in the order of the file."""
        named: tuple[str | None, str | None] = (None, None)
        had = set[str]()
        for interest in interests:
            if interest.pattern in had or (interest.clue is not None and not interest.clue.fits(event.data)):
                continue
            key = self.patterns.rules.patterns[interest.pattern].key(event)
            if key is None:
                continue
            had.add(interest.pattern)
            place = (interest.pattern, key)
            entry = Entry(time_us, event.id, event.type, event.device or "", interest.role)
            before = self.groups.get(place) or Group(sender=sender)
            update = add_entry(self.patterns.by_name[interest.pattern], before, entry)
            self.late += update.late
            if update.group != Group(sender=sender):
                self._keep(place, update.group)
            if update.incident is not None and named[0] is None:
                named = interest.pattern, update.incident.id
        return named

    def _keep(self, place: Place, group: Group) -> None:
        self._put(place, group)
        self.touched.add(place)
        while len(self.groups) > self._most:
            largest = max(self._held, key=lambda sender: len(self._held[sender]))
            oldest = next(iter(self._held[largest]))
            self._drop(oldest)
            self.touched.add(oldest)
            self._limits.note(GROUPS, largest or "the suite itself", "/".join(oldest), most=self._most)

    def _put(self, place: Place, group: Group) -> None:
        self.groups[place] = group
        held = self._held.setdefault(group.sender, OrderedDict())
        held[place] = None
        held.move_to_end(place)

    def _drop(self, place: Place) -> None:
        sender = self.groups.pop(place).sender
        del self._held[sender][place]
        if not self._held[sender]:
            del self._held[sender]

    def forget(self, key: str) -> list[str]:
        """Forget the groups of a key, such as a device; return their patterns."""
        places = [place for place in self.groups if place[1] == key]
        for place in places:
            self._drop(place)
            self.published.pop(place, None)
            self.touched.add(place)
        return [pattern for pattern, _ in places]

    def move(self, jump: Jump) -> None:
        """Move every time along with a jump of the wall clock."""
        self.recent.move(jump)
        for place, group in self.groups.items():
            self.groups[place] = moved(group, jump)
            self.touched.add(place)
        self.now_us = time_to_us(jump.moved(us_to_time(self.now_us))) if self.now_us > NEVER else NEVER
        self.shifted = True

    def changes(self, now_us: int) -> tuple[list[IncidentSnapshot], list[str]]:
        """Return the incidents that changed since the last call, and the ids of those that ceased to exist."""
        self.now_us = max(self.now_us, now_us)
        changed: list[IncidentSnapshot] = []
        gone: list[str] = []
        for place in self._places_to_look_at():
            before, after = self.published.get(place, ()), self._present(place)
            if before == after:
                continue
            self.published[place] = after
            kept = {incident.id for incident in after}
            sender = self.groups[place].sender
            changed += [IncidentSnapshot(*place, incident, sender) for incident in after if incident not in before]
            gone += [old.id for old in before if old.id not in kept and self._provisional(place, old)]
        for place in sorted(place for place in self.touched if place not in self.groups):
            changed += [
                IncidentSnapshot(*place, ended(incident))
                for incident in self.published.pop(place, ())
                if incident.end_us is None
            ]
        return changed, gone

    def is_open(self, place: Place) -> bool:
        """Whether an incident of that pattern and key is open, as last published."""
        return any(incident.end_us is None for incident in self.published.get(place, ()))

    def _places_to_look_at(self) -> list[Place]:
        quiet = [place for place, incidents in self.published.items() if incidents and incidents[-1].end_us is None]
        return [place for place in sorted({*quiet, *self.touched}) if place in self.groups]

    def _provisional(self, place: Place, incident: Incident) -> bool:
        """Whether a published incident that is no longer pending was undone by a later judgement."""
        return incident.last_us > self.groups[place].floor_us

    def _present(self, place: Place) -> tuple[Incident, ...]:
        return present(self.patterns.by_name[place[0]], self.groups[place], self.now_us)

    def all(self) -> list[IncidentSnapshot]:
        """Return every incident that is open or has just ended."""
        return [
            IncidentSnapshot(*place, incident)
            for place, incidents in self.published.items()
            for incident in incidents[-1:]
        ]
