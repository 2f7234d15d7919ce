"""From a batch of records and what is applied already to what changes.

Rules:
1. A record is applied once by its place in its track. A second line of defence: an event's id counts once at its site,
   whatever its place.
2. An event counts whenever it comes. Of states and alerts the uplink says the latest and passes over what it replaced:
   a number left out is no gap there, and one that comes late changes nothing.
3. So totals are the same however the log is cut into batches, however often a record is repeated, and in whatever order
   the partitions are read.
4. A frame is applied in order or not at all: one that comes late changes nothing, and leaves a gap. What it makes is
   counted by ``count_made``. An offer is applied whenever it comes, as an event is. Of a site whose own
   event_processor has been heard neither is applied.
5. A site has at most ``MOST_TRACKS`` tracks, ``MOST_TYPES`` types of events; what goes beyond is refused. So is what a
   new site says where there is no room for one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from fleet.core.central import CentralSite
from fleet.core.reading import Read, Refusal
from fleet.core.spans import Spans, in_order, later_only, with_number
from shared.messages import Alert, DeviceState, Event
from shared.site_records import SiteRecord, time_of

MOST_TRACKS = 512
MOST_TYPES = 1000
STEPS = {"event": with_number, "raw": in_order, "offer": with_number, "alert": later_only, "state": later_only}
NOT_HERE = "it is {}, and raw.enabled of fleet.yaml is false: this centre processes none"
OWN = "{} sends events of its own event_processor too, which count; its raw frames and offers are not processed"
OF_READERS = {"raw": "a raw frame", "offer": "an offer"}  # of sites that only read


class Track(NamedTuple):
    """A stream of a producer of a site, in one life of its disk."""

    site: str
    producer: str
    stream: str
    epoch: str


@dataclass(frozen=True, slots=True)
class Room:
    """How many tracks and types of events are known of a site; ``turn``: how many batches have spoken of it."""

    tracks: int = 0
    types: int = 0
    turn: int = 0


EMPTY, BEGINNING = Room(), Spans()


@dataclass(frozen=True, slots=True)
class Known:
    """What the store holds of the sites, tracks, (site, type)s and (site, id)s that a batch speaks of."""

    places: Mapping[Track, Spans] = field(default_factory=dict)
    sites: Mapping[str, Room] = field(default_factory=dict)
    types: Collection[tuple[str, str]] = ()
    ids: Collection[tuple[str, str]] = ()
    beyond: Collection[str] = ()  # sites for which there is no room
    own: Collection[str] = ()  # sites that have said an event themselves


@dataclass(slots=True)
class Tally:
    """How many events, the first and the last of them by event time."""

    total: int
    first: datetime
    last: datetime

    def add(self, time: datetime) -> None:
        """Count one more."""
        self.total += 1
        self.first, self.last = min(self.first, time), max(self.last, time)


@dataclass(slots=True)
class Heard:
    """A site's part of a batch: ``records`` applied, ``last_time`` of its events and states."""

    records: int = 0
    tracks: int = 0
    types: int = 0
    last_time: datetime | None = None

    def at(self, time: datetime) -> None:
        """Note a time of the site's own."""
        self.last_time = time if self.last_time is None else max(self.last_time, time)


@dataclass(slots=True)
class Effects:
    """What a batch changes; each part is written as one set."""

    places: dict[Track, Spans] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    counts: dict[tuple[str, str], Tally] = field(default_factory=dict)
    states: dict[tuple[str, str], DeviceState] = field(default_factory=dict)
    alerts: dict[tuple[str, str, str], Alert] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    repeats: int = 0
    made: list[Event] = field(default_factory=list)  # of frames; not counted yet


def track_of(record: SiteRecord) -> Track:
    """Return the track of a record."""
    return Track(record.site, record.producer, record.stream, record.epoch)


def effects_of(
    batch: Iterable[Read | Refusal], known: Known, central: Mapping[str, CentralSite] | None = None
) -> Effects:
    """Return what a batch changes, its records taken in the order given. ``central``: the sites that only read."""
    effects = Effects()
    turn = _Turn(effects, known, central or {}, set(known.types), set(known.ids), set(known.own))
    for each in batch:
        if isinstance(each, Refusal):
            effects.refused.append(each)
        elif reason := turn.apply(each.record):
            effects.refused.append(Refusal(each.arrival, reason))
    for site, processed in turn.central.items():
        effects.states |= {(site, state.device): state for state in processed.states()}
    return effects


def count_made(effects: Effects, types: Collection[tuple[str, str]], ids: Collection[tuple[str, str]]) -> None:
    """Count the events that frames have made; ``types`` and ``ids`` are what the store holds of theirs."""
    known = {*types, *effects.counts}
    found = {*ids, *((event.site, event.id) for event in effects.events)}
    for event in effects.made:
        _count(effects, event, effects.heard[event.site], known, found)
    effects.made.clear()


@dataclass(slots=True)
class _Turn:
    """One batch under way."""

    effects: Effects
    known: Known
    central: Mapping[str, CentralSite]
    types: set[tuple[str, str]]
    ids: set[tuple[str, str]]
    own: set[str]

    def apply(self, record: SiteRecord) -> str | None:
        """Apply one record; returns why it is refused, if it is."""
        effects, known, site = self.effects, self.known, record.site
        if site in known.beyond:
            return f"there are as many sites as max_sites of fleet.yaml allows, and {site} is a new one"
        if (what := OF_READERS.get(record.kind)) and (site in self.own or site not in self.central):
            return OWN.format(site) if site in self.own else NOT_HERE.format(what)
        track = track_of(record)
        before = effects.places.get(track) or known.places.get(track)
        place = STEPS[record.kind](before or BEGINNING, record.seq)
        if place is None:
            effects.repeats += 1
            return None
        heard = effects.heard.get(site) or Heard()
        if reason := _no_room(record, known.sites.get(site, EMPTY), heard, before is None, self.types):
            return reason
        effects.heard[site] = heard
        heard.tracks += before is None
        heard.records += 1
        effects.places[track] = place
        return self._say(record, heard)

    def _say(self, record: SiteRecord, heard: Heard) -> str | None:
        if record.kind == "raw":
            made = self.central[record.site].apply(record.message)
            if isinstance(made, str):
                return made
            self.effects.made += made
        elif record.kind == "offer":
            made, reason = self.central[record.site].take(record)
            self.effects.made += made
            if reason:
                return reason
        elif record.kind == "event":
            self.own.add(record.site)
            _count(self.effects, record.message, heard, self.types, self.ids)
        else:
            _note(self.effects, record.site, record.message)
        heard.at(time_of(record))
        return None


def _no_room(record: SiteRecord, room: Room, heard: Heard, new: bool, types: set[tuple[str, str]]) -> str | None:
    if new and room.tracks + heard.tracks >= MOST_TRACKS:
        return f"{record.site} has {MOST_TRACKS} tracks already, which is the most"
    if (
        record.kind == "event"
        and (record.site, record.message.type) not in types
        and room.types + heard.types >= MOST_TYPES
    ):
        return f"{record.site} has {MOST_TYPES} types of events already, which is the most"
    return None


def _count(
    effects: Effects, event: Event, heard: Heard, types: set[tuple[str, str]], ids: set[tuple[str, str]]
) -> None:
    if (event.site, event.id) in ids:
        effects.repeats += 1
        return
    ids.add((event.site, event.id))
    key = (event.site, event.type)
    if key not in types:
        types.add(key)
        heard.types += 1
    effects.events.append(event)
    tally = effects.counts.get(key)
    if tally is None:
        effects.counts[key] = Tally(1, event.time, event.time)
    else:
        tally.add(event.time)


def _note(effects: Effects, site: str, said: Alert | DeviceState) -> None:
    if isinstance(said, Alert):
        effects.alerts[site, said.rule, said.key] = said
    else:
        effects.states[site, said.device] = said
