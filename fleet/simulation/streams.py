"""The records of a whole fleet, in the order in which they would come: each site's own in its order.

Rules:
1. The same scenario, sites, seed and beginning give the same bytes.
2. First every site says a state, so that it is known of how many sites a region has; then the stories begin.
3. Places are as a site's uplink gives them: events count 1, 2, 3 …, alerts and states take their time in µs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from pathlib import Path
from typing import NamedTuple

from fleet.simulation.scenarios import FleetScenario, Playing, playings, sites_of
from fleet.simulation.shifting import Kind, Line, Place, lines_of, record
from fleet.simulation.stories import play
from shared.instants import time_to_us

FIRST_WORD = timedelta(minutes=1)  # before the beginning


class Entry(NamedTuple):
    """One record as the log keeps it, and when it is said."""

    at_us: int
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Stories:
    """A scenario's variants, played."""

    scenario: FleetScenario
    lines: tuple[tuple[Line, ...], ...]


def stories_of(scenario: FleetScenario, config: Path, environ: Mapping[str, str]) -> Stories:
    """Play each variant once; raises ConfigError."""
    return Stories(scenario, tuple(lines_of(play(variant, config, environ)) for variant in scenario.variants))


class _Numbers:
    """The last number of each site's tracks."""

    def __init__(self) -> None:
        self._events: dict[str, int] = defaultdict(int)
        self._latest: dict[tuple[str, Kind], int] = defaultdict(int)

    def next(self, site: str, kind: Kind, at_us: int) -> int:
        if kind == "event":
            self._events[site] += 1
            return self._events[site]
        key = (site, kind)
        self._latest[key] = max(self._latest[key] + 1, at_us)
        return self._latest[key]


def entries(stories: Stories, sites: int, seed: int, begin: datetime) -> Iterator[Entry]:
    """Yield the records of ``sites`` sites; the first round begins at ``begin``."""
    begin_us, epoch, numbers = time_to_us(begin), f"s{seed}", _Numbers()

    def entry(line: Line, site: str, start_us: int, playing: str) -> Entry:
        at_us = start_us + line.at_us
        place = Place(site, epoch, numbers.next(site, line.kind, at_us))
        return Entry(at_us, site.encode(), record(line, place, start_us, playing))

    first = time_to_us(begin - FIRST_WORD)
    for number, site in enumerate(sites_of(stories.scenario, sites)):
        story = stories.lines[number % len(stories.lines)]
        word = next(line for line in story if line.kind == "state")
        yield entry(word, site, first - word.at_us, "first")

    waiting: list[tuple[int, str, int, Playing]] = []  # when, whose and which line is next
    coming = playings(stories.scenario, sites, seed)
    upcoming = next(coming, None)
    while waiting or upcoming:
        if upcoming and (not waiting or upcoming.start_us <= waiting[0][0]):
            story = stories.lines[upcoming.variant]
            heappush(waiting, (upcoming.start_us + story[0].at_us, upcoming.site, 0, upcoming))
            upcoming = next(coming, None)
            continue
        _, site, at, playing = heappop(waiting)
        story = stories.lines[playing.variant]
        yield entry(story[at], site, begin_us + playing.start_us, f"{seed}|{site}|{playing.round}")
        if at + 1 < len(story):
            heappush(waiting, (playing.start_us + story[at + 1].at_us, site, at + 1, playing))
