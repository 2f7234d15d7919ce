"""Which daily and weekly reports are due. Days and weeks are those of UTC; weeks begin on Monday (ISO 8601).

Rules:
1. A period's report is due once event time has reached its end, if anything had been observed by then.
2. Missed reports are made later, for the newest ``MOST`` periods of each kind, oldest first, each once.
3. Where the clock went back behind the last report, reports continue from the present time: a day that ends again is
   reported again, and its report replaces the first one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.counter_store.core.span import possible_time
from services.counter_store.core.time_units import DAY_US

Kind = Literal["daily", "weekly"]
DAYS: dict[Kind, int] = {"daily": 1, "weekly": 7}
MOST: dict[Kind, int] = {"daily": 31, "weekly": 8}
FIRST_US: dict[Kind, int] = {"daily": 0, "weekly": 4 * DAY_US}  # 1970-01-05 was a Monday


@dataclass(frozen=True, slots=True)
class Period:
    """A day or a week that is over."""

    kind: Kind
    end_us: int

    @property
    def days(self) -> int:
        """How long it was."""
        return DAYS[self.kind]

    @property
    def since(self) -> datetime:
        """Its first instant."""
        return possible_time(self.end_us - self.days * DAY_US)

    @property
    def until(self) -> datetime:
        """The first instant after it."""
        return possible_time(self.end_us)

    @property
    def last(self) -> datetime:
        """Its last instant: a report as of then is about this period and nothing else."""
        return possible_time(self.end_us - 1)

    @property
    def name(self) -> str:
        """``2026-01-31``, or ``2026-W05``."""
        return f"{self.since:%G-W%V}" if self.kind == "weekly" else f"{self.since:%Y-%m-%d}"


def due(kinds: Iterable[Kind], made: Mapping[Kind, int], observed_us: int, as_of_us: int) -> list[Period]:
    """Return the periods to report now. ``made``: by kind, the end of the last reported one."""
    return [period for kind in kinds for period in _due(kind, made.get(kind), observed_us, as_of_us)]


def _due(kind: Kind, made_us: int | None, observed_us: int, as_of_us: int) -> list[Period]:
    length_us = DAYS[kind] * DAY_US
    newest = (as_of_us - FIRST_US[kind]) // length_us  # periods that are over
    first = (observed_us - FIRST_US[kind]) // length_us + 1
    if made_us is not None:
        first = max(first, (made_us - FIRST_US[kind]) // length_us + 1)
    first = max(first, newest - MOST[kind] + 1)
    return [Period(kind, FIRST_US[kind] + number * length_us) for number in range(first, newest + 1)]


def reached(kind: Kind, made_us: int, as_of_us: int) -> int:
    """Return the time up to which reports have been made, for a clock that may have gone back."""
    length_us = DAYS[kind] * DAY_US
    return min(made_us, FIRST_US[kind] + (as_of_us - FIRST_US[kind]) // length_us * length_us)
