"""What stays of events for good: the count of each series in each hour, and the episodes of warnings and worse.

Rules:
1. A *series* is what events are distinguished by: type, category, severity, device, zone. A *cell* is one series in one
   hour (or day) of UTC, by the times the events came with.
2. A cell holds the count and the first and last time, so that totals, firsts and lasts stay exact when the events
   themselves have left the history.
3. An *episode* is a run of events of one series with no pause of more than ``EPISODE_GAP_US`` in it. However events
   arrive, late or early, the same times make the same episodes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from services.counter_store.core.time_units import DAY_US, HOUR_US
from shared.messages import Event, Severity

EPISODE_GAP_US = HOUR_US // 6
HOURS_PER_DAY = DAY_US // HOUR_US
_INFO = Severity.INFO  # Python 3.11 looks a member up slowly


class Series(NamedTuple):
    """What events are distinguished by for counting."""

    type: str
    category: str
    severity: Severity
    device: str | None = None
    zone: str | None = None

    @property
    def matters(self) -> bool:
        """Whether its episodes are kept: information is only counted."""
        return self.severity is not _INFO

    def anonymous(self) -> Series:
        """Return the series without device and zone, which counts events beyond the bound."""
        return Series(self.type, self.category, self.severity)


@dataclass(frozen=True, slots=True)
class Cell:
    """A count, with the times of its first and last event."""

    count: int
    first_us: int
    last_us: int

    def plus(self, other: Cell | None) -> Cell:
        """Return both together."""
        if other is None:
            return self
        first_us, last_us = min(self.first_us, other.first_us), max(self.last_us, other.last_us)
        return Cell(self.count + other.count, first_us, last_us)


@dataclass(frozen=True, slots=True)
class Episode:
    """A run of events without a long pause."""

    began_us: int
    ended_us: int
    count: int


class Count(NamedTuple):
    """One series within some span of time."""

    series: Series
    cell: Cell


def join_counts(counts: Iterable[Count]) -> list[Count]:
    """Return one count for each series."""
    found: dict[Series, list[int]] = {}
    for series, cell in counts:
        known = found.get(series)
        if known is None:
            found[series] = [cell.count, cell.first_us, cell.last_us]
        else:
            known[:] = known[0] + cell.count, min(known[1], cell.first_us), max(known[2], cell.last_us)
    return [Count(series, Cell(*figures)) for series, figures in found.items()]


def series_of(event: Event) -> Series:
    """Return the series of an event."""
    return Series(event.type, event.category, event.severity, event.device, event.zone)


def hour_of(time_us: int) -> int:
    """Return the number of the hour since 1970; negative before."""
    return time_us // HOUR_US


def join_episodes(episodes: Iterable[Episode], gap_us: int = EPISODE_GAP_US) -> list[Episode]:
    """Return the episodes by time, joined where no more than ``gap_us`` lies between them."""
    joined: list[Episode] = []
    for episode in sorted(episodes, key=lambda each: each.began_us):
        last = joined[-1] if joined else None
        if last is None or episode.began_us - last.ended_us > gap_us:
            joined.append(episode)
        else:
            ended_us = max(last.ended_us, episode.ended_us)
            joined[-1] = Episode(last.began_us, ended_us, last.count + episode.count)
    return joined
