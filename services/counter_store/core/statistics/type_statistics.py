"""Statistics of one event type over some days; an empty span has every field of a full one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from services.counter_store.core.answers import Answer, Dated
from services.counter_store.core.counting.series import Cell, Count
from services.counter_store.core.span import Span
from services.counter_store.core.statistics.outages import Outage, overlap_us
from services.counter_store.core.statistics.percentiles import nearest_rank
from services.counter_store.core.statistics.trend import TOO_SHORT, Trend, judge_trend
from services.counter_store.core.time_units import DAY_US, US_PER_S
from shared.instants import us_to_time
from shared.messages import Counter, Time


class Intervals(Answer):
    """Seconds from one event to the next. ``mean`` is of all; the others of the ``counted`` newest that are at hand.

    ``p95_s`` is a pause there was, which 95 of 100 do not exceed.
    """

    mean_s: float | None = None
    median_s: float | None = None
    p95_s: float | None = None
    shortest_s: float | None = None
    longest_s: float | None = None
    counted: int = 0


class Outages(Answer):
    """How long what began lasted, as far as it lay in the span. ``ongoing`` ones last until ``as_of``.

    ``complete``: the beginnings and ends they were worked out of reach back to the beginning of the span. Where they
    do not, more have left the history than are reported here, and what is reported is right.
    """

    count: int = 0
    ongoing: int = 0
    total_s: float = 0.0
    mean_s: float | None = None
    median_s: float | None = None
    p95_s: float | None = None
    longest_s: float | None = None
    complete: bool = True


class Statistics(Dated):
    """One type. ``recent_count`` and all that follows are of the span; ``total_count`` and ``…_ever`` of all time.

    ``observed_since`` is when the first of its devices was observed. ``daily_average`` is what came since then, divided
    by ``observed_days`` (at least 1). ``trend`` compares ``earlier_count`` and ``later_count``, the halves of the
    observed span; ``p_value`` is null where there were too few events, or less than a day was observed.
    """

    type: str
    since: Time
    days: float
    observed_since: Time
    observed_days: float
    total_count: int
    recent_count: int
    daily_average: float
    trend: Trend
    p_value: float | None
    earlier_count: int
    later_count: int
    first_occurrence: Time | None
    last_occurrence: Time | None
    first_ever: Time | None
    last_ever: Time | None
    intervals: Intervals
    outages: Outages | None


class AllStatistics(Dated):
    """The statistics of several types."""

    statistics: tuple[Statistics, ...]


class Counters(Answer):
    """Counters as they are published."""

    counters: tuple[Counter, ...]


@dataclass(frozen=True, slots=True)
class AllTime:
    """A type's figures of all time, its times as reported."""

    total: int
    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """What is known of a type: all-time figures, the halves of the span, newest times and outages.

    ``before`` is what of the span lies before the store observed anything: totals that were imported without events.
    ``first`` is what came at the very time from which on it did; ``after`` is of a time that has not come.
    """

    type: str
    ever: AllTime | None = None
    before: Cell | None = None
    first: Cell | None = None
    earlier: Cell | None = None
    later: Cell | None = None
    after: Cell | None = None
    times: tuple[int, ...] = ()
    outages: tuple[Outage, ...] | None = None
    complete: bool = True


def by_type(counts: Iterable[Count]) -> dict[str, Cell]:
    """Return what each type comes to."""
    cells: dict[str, Cell] = {}
    for count in counts:
        cells[count.series.type] = count.cell.plus(cells.get(count.series.type))
    return cells


def statistics(known: TypeFigures, span: Span, min_events: int) -> Statistics:
    """Return the statistics of a type."""
    seen = [cell for cell in (known.first, known.earlier, known.later) if cell is not None]
    cells = [*seen, *(cell for cell in (known.before, known.after) if cell is not None)]
    recent = sum(cell.count for cell in cells)
    earlier, later = (0 if cell is None else cell.count for cell in (known.earlier, known.later))
    judged = judge_trend(earlier, later, min_events) if span.is_long else TOO_SHORT
    first_us = min((cell.first_us for cell in cells), default=None)
    last_us = max((cell.last_us for cell in cells), default=None)
    return Statistics(
        as_of=span.as_of,
        type=known.type,
        since=span.since,
        days=(span.until_us - span.after_us) / DAY_US,
        observed_since=span.observed_since,
        observed_days=span.observed_days,
        total_count=known.ever.total if known.ever else 0,
        recent_count=recent,
        daily_average=sum(cell.count for cell in seen) / span.observed_days,
        trend=judged.trend,
        p_value=judged.p_value,
        earlier_count=earlier,
        later_count=later,
        first_occurrence=_time(first_us),
        last_occurrence=_time(last_us),
        first_ever=_time(known.ever.first_us if known.ever else None),
        last_ever=_time(known.ever.last_us if known.ever else None),
        intervals=intervals(recent, first_us, last_us, known.times),
        outages=None if known.outages is None else outages(known.outages, span, complete=known.complete),
    )


def intervals(count: int, first_us: int | None, last_us: int | None, times: Sequence[int]) -> Intervals:
    """Return the pauses between ``count`` events, of which ``times`` are the newest that are still at hand."""
    if count < 2 or first_us is None or last_us is None:
        return Intervals()
    mean_s = (last_us - first_us) / US_PER_S / (count - 1)
    pauses = [(later - earlier) / US_PER_S for earlier, later in pairwise(times)]
    if not pauses:
        return Intervals(mean_s=mean_s)
    return Intervals(
        mean_s=mean_s,
        median_s=median(pauses),
        p95_s=nearest_rank(sorted(pauses), 95),
        shortest_s=min(pauses),
        longest_s=max(pauses),
        counted=len(pauses),
    )


def outages(found: Sequence[Outage], span: Span, *, complete: bool = True) -> Outages:
    """Return how long the outages lasted within the span."""
    inside = [
        outage
        for outage in found
        if outage.began_us <= span.until_us and (outage.ended_us is None or outage.ended_us > span.after_us)
    ]
    cut = [_as_of(outage, span.until_us) for outage in inside]
    lengths = sorted(overlap_us(outage, span.after_us, span.until_us) / US_PER_S for outage in cut)
    if not lengths:
        return Outages(complete=complete)
    return Outages(
        count=len(lengths),
        ongoing=sum(outage.ended_us is None for outage in cut),
        total_s=sum(lengths),
        mean_s=sum(lengths) / len(lengths),
        median_s=median(lengths),
        p95_s=nearest_rank(lengths, 95),
        longest_s=lengths[-1],
        complete=complete,
    )


def _as_of(outage: Outage, until_us: int) -> Outage:
    """Return the outage as it was known at ``until``."""
    ended_us = outage.ended_us
    return replace(outage, ended_us=None) if ended_us is not None and ended_us > until_us else outage


def _time(us: int | None) -> Time | None:
    return None if us is None else us_to_time(us)
