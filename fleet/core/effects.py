"""From a batch of records and what is applied already to what changes.

Rules:
1. A record is applied once by its place in its track. A second line of defence: an event's id counts once at its site,
   whatever its place.
2. An event counts whenever it comes. Of states and alerts the uplink says the latest and passes over what it replaced:
   a number left out is no gap there, and one that comes late changes nothing.
3. So totals are the same however the log is cut into batches, however often a record is repeated, and in whatever order
   the partitions are read.
4. A site has at most ``MOST_TRACKS`` tracks, ``MOST_TYPES`` types of events; what goes beyond is refused. So is what a
   new site says where there is no room for one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from fleet.core.reading import Read, Refusal
from fleet.core.spans import Spans, later_only, with_number
from shared.messages import Alert, DeviceState, Event
from shared.site_records import SiteRecord

MOST_TRACKS = 512
MOST_TYPES = 1000


class Track(NamedTuple):
    """A stream of a producer of a site, in one life of its disk."""

    site: str
    producer: str
    stream: str
    epoch: str


@dataclass(frozen=True, slots=True)
class Room:
    """How many tracks and types of events are known of a site."""

    tracks: int = 0
    types: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What the store holds of the sites, tracks, (site, type)s and (site, id)s that a batch speaks of."""

    places: Mapping[Track, Spans] = field(default_factory=dict)
    sites: Mapping[str, Room] = field(default_factory=dict)
    types: Collection[tuple[str, str]] = ()
    ids: Collection[tuple[str, str]] = ()
    beyond: Collection[str] = ()  # sites for which there is no room


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
    """What a batch says of a site: ``records`` applied, ``last_time`` of its events and states."""

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
    hours: dict[tuple[str, str, datetime], int] = field(default_factory=dict)
    states: dict[tuple[str, str], DeviceState] = field(default_factory=dict)
    alerts: dict[tuple[str, str, str], Alert] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    repeats: int = 0


def track_of(record: SiteRecord) -> Track:
    """Return the track of a record."""
    return Track(record.site, record.producer, record.stream, record.epoch)


def effects_of(batch: Iterable[Read | Refusal], known: Known) -> Effects:
    """Return what a batch changes, its records taken in the order given."""
    effects = Effects()
    types, ids = set(known.types), set(known.ids)
    for each in batch:
        if isinstance(each, Refusal):
            effects.refused.append(each)
        elif reason := _applied(effects, each.record, known, types, ids):
            effects.refused.append(Refusal(each.arrival, reason))
    return effects


def _applied(
    effects: Effects, record: SiteRecord, known: Known, types: set[tuple[str, str]], ids: set[tuple[str, str]]
) -> str | None:
    """Apply one record; returns why it is refused, if it is."""
    if record.site in known.beyond:
        return f"there are as many sites as max_sites of fleet.yaml allows, and {record.site} is a new one"
    track = track_of(record)
    before = effects.places.get(track) or known.places.get(track)
    step = with_number if record.kind == "event" else later_only
    place = step(before or Spans(), record.seq)
    if place is None:
        effects.repeats += 1
        return None
    heard = effects.heard.get(record.site) or Heard()
    if reason := _no_room(record, known.sites.get(record.site, Room()), heard, before is None, types):
        return reason
    effects.heard[record.site] = heard
    heard.tracks += before is None
    heard.records += 1
    heard.at(record.message.time)
    effects.places[track] = place
    if record.kind == "event":
        _count(effects, record.message, heard, types, ids)
    else:
        _note(effects, record.site, record.message)
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
    hour = (*key, event.time.replace(minute=0, second=0, microsecond=0))
    effects.hours[hour] = effects.hours.get(hour, 0) + 1


def _note(effects: Effects, site: str, said: Alert | DeviceState) -> None:
    if isinstance(said, Alert):
        effects.alerts[site, said.rule, said.key] = said
    else:
        effects.states[site, said.device] = said
