"""The records of a whole fleet, in the order in which they would come: each site's own in its order.

Rules:
1. The same scenario, sites, seed and beginning give the same bytes.
2. First every site says a state, so that it is known of how many sites a region has; then the stories begin.
3. Places are as a site's uplink gives them: events and frames count 1, 2, 3 …, alerts and states take their time in µs.
4. A share of the sites only read: of the same stories they say the frames. Which they are follows from seed and name.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from pathlib import Path
from typing import NamedTuple

from fleet.simulation.scenarios import FleetScenario, Playing, playings, sites_of
from fleet.simulation.shifting import SPEAKERS, Kind, Line, Place, lines_of, record
from fleet.simulation.stories import frames, play
from shared.instants import time_to_us

FIRST_WORD = timedelta(minutes=1)  # before the beginning


class Entry(NamedTuple):
    """One record as the log keeps it, and when it is sent."""

    at_us: int
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Stories:
    """A scenario's variants, played."""

    scenario: FleetScenario
    lines: tuple[tuple[Line, ...], ...]
    read: tuple[tuple[Line, ...], ...] = ()  # what a reader alone says of each


def stories_of(scenario: FleetScenario, config: Path, environ: Mapping[str, str]) -> Stories:
    """Play each variant once; raises ConfigError."""
    return Stories(
        scenario,
        tuple(lines_of(play(variant, config, environ)) for variant in scenario.variants),
        tuple(lines_of(frames(variant, config, environ)) for variant in scenario.variants),
    )


def only_reads(site: str, seed: int, share: float) -> bool:
    """Whether a site is one of the share of those that only read."""
    return random.Random(f"{seed} {site} reads").random() < share  # noqa: S311 - repeatable


class _Numbers:
    """The last number of each site's tracks."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, Kind], int] = defaultdict(int)
        self._latest: dict[tuple[str, Kind], int] = defaultdict(int)

    def next(self, site: str, kind: Kind, at_us: int) -> int:
        key = (site, kind)
        if kind in SPEAKERS:
            self._counted[key] += 1
            return self._counted[key]
        self._latest[key] = max(self._latest[key] + 1, at_us)
        return self._latest[key]


def entries(stories: Stories, sites: int, seed: int, begin: datetime, raw_share: float = 0.0) -> Iterator[Entry]:
    """Yield the records of ``sites`` sites, of which a share only read; the first round begins at ``begin``."""
    begin_us, epoch, numbers = time_to_us(begin), f"s{seed}", _Numbers()
    names = sites_of(stories.scenario, sites)
    reading = {site for site in names if raw_share and only_reads(site, seed, raw_share)}

    def story_of(site: str, variant: int) -> tuple[Line, ...]:
        return (stories.read if site in reading else stories.lines)[variant]

    def entry(line: Line, site: str, start_us: int, playing: str) -> Entry:
        at_us = start_us + line.at_us
        place = Place(site, epoch, numbers.next(site, line.kind, at_us))
        return Entry(at_us, site.encode(), record(line, place, start_us, playing))

    first = time_to_us(begin - FIRST_WORD)
    for number, site in enumerate(names):
        story = story_of(site, number % len(stories.lines))
        word = next(line for line in story if line.kind in ("state", "raw"))
        yield entry(word, site, first - word.at_us, "first")

    waiting: list[tuple[int, str, int, Playing]] = []  # when, whose and which line is next
    coming = playings(stories.scenario, sites, seed)
    upcoming = next(coming, None)
    while waiting or upcoming:
        if upcoming and (not waiting or upcoming.start_us <= waiting[0][0]):
            story = story_of(upcoming.site, upcoming.variant)
            heappush(waiting, (upcoming.start_us + story[0].at_us, upcoming.site, 0, upcoming))
            upcoming = next(coming, None)
            continue
        _, site, at, playing = heappop(waiting)
        story = story_of(site, playing.variant)
        yield entry(story[at], site, begin_us + playing.start_us, f"{seed}|{site}|{playing.round}")
        if at + 1 < len(story):
            heappush(waiting, (playing.start_us + story[at + 1].at_us, site, at + 1, playing))
