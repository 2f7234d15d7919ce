"""Statistics, health, patterns and reports, read from aggregates and history; changes nothing.

Aggregates answer where they can, else a bounded number of events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, islice, pairwise

from services.counter_store.adapters.tables.aggregates import Aggregates
from services.counter_store.adapters.tables.history import EventFilter, History
from services.counter_store.application.outages import OutageHistory
from services.counter_store.core.counting.observation import Observation
from services.counter_store.core.counting.series import Cell, Count, Episode, Series, hour_of
from services.counter_store.core.health.formulas import FORMULAS
from services.counter_store.core.health.score import DECAY_US, LASTS_US, WeighedEpisode, judge_health
from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.reports.report import LATEST, EventLine, event_line
from services.counter_store.core.reports.timeline import Pieces, starts_of, unit_of
from services.counter_store.core.span import Span, possible_time
from services.counter_store.core.statistics.anomalies import WEEK_H, WEEKS, Anomalies, find_anomalies, is_judged
from services.counter_store.core.statistics.failures import FAILING, Failures, failure_patterns
from services.counter_store.core.statistics.frequency import Frequency, ObservedCount, frequency
from services.counter_store.core.statistics.outages import Outage
from services.counter_store.core.statistics.type_statistics import AllTime, Statistics, TypeFigures, by_type, statistics
from services.counter_store.core.time_units import DAY_US, HOUR_US
from shared.health import Health
from shared.instants import time_to_us
from shared.ledger import Ledger

TIMES = 1_000  # newest events whose intervals are measured
FAILURES = 5_000
LASTED = 200  # newest beginnings and ends that give the health its durations
ANOMALIES = 200


class Analytics:
    """The analyses, each as of a time."""

    def __init__(self, ledger: Ledger, aggregates: Aggregates, policy: StorePolicy, site: str) -> None:
        self.history = History(ledger)
        self.aggregates = aggregates
        self._outages = OutageHistory(self.history, aggregates)
        self.policy = policy
        self._site = site

    def counts(self, span: Span) -> list[Count]:
        """Return the counts of a span; a series may come several times."""
        return list(self.aggregates.counts(span.after_us, span.until_us))

    def statistics(
        self, span: Span, ever: Mapping[str, AllTime], types: Iterable[str], observed: Observation
    ) -> list[Statistics]:
        """Return the statistics of these types, in their order; a type never counted has all fields too."""
        wanted = list(types)
        found: dict[str, Statistics] = {}
        for own_span, names in self._by_span(span, wanted, observed).items():
            seen_us = (own_span.counted_after_us, own_span.seen_after_us, own_span.middle_us, own_span.seen_until_us)
            edges = (own_span.after_us, *seen_us, own_span.until_us)
            parts = [by_type(self.aggregates.counts(after, until, names)) for after, until in pairwise(edges)]
            for name in names:
                found[name] = self._statistics(name, own_span, ever, [part.get(name) for part in parts])
        return [found[name] for name in wanted]

    def health(self, as_of_us: int) -> Health:
        """Return the health at a time."""
        formula = FORMULAS[self.policy.health_formula]
        found = self.aggregates.episodes(as_of_us - DECAY_US, as_of_us)
        last = dict(found)
        weighed = [
            WeighedEpisode(series, episode, self._lasts(series, episode, last, as_of_us)) for series, episode in found
        ]
        outages = self._lasted(weighed, as_of_us) if formula.counts_often_and_long else {}
        return judge_health(self._site, weighed, as_of_us, self.policy.ended_by, formula=formula, outages=outages)

    def frequency(
        self, span: Span, types: Sequence[str] | None, hours: int, kept_us: int, observed: Observation
    ) -> Frequency:
        """Return how often each type came; None: every type that came. Hours are kept from ``kept_us`` on."""
        counted = by_type(self.aggregates.counts(span.after_us, span.until_us))
        wanted = sorted(counted) if types is None else types
        counts: dict[str, ObservedCount] = {}
        for own_span, names in self._by_span(span, wanted, observed).items():
            edges = own_span.counted_after_us, own_span.seen_until_us
            whole = edges == (span.after_us, span.until_us)
            seen = counted if whole else by_type(self.aggregates.counts(*edges, names))
            counts |= {name: ObservedCount(_count(counted, name), _count(seen, name), own_span) for name in names}
        since_us = max(span.after_us, min(span.until_us, max(kept_us, self.aggregates.hours_since_us) - 1))
        cells = self.aggregates.hours(since_us, span.until_us)
        of_types = ((hour, series.type, count) for hour, series, count in cells if series.type in counts)
        return frequency(counts, of_types, span, hours, since_us)

    def failures(self, span: Span, days: float, min_failures: int) -> Failures:
        """Return the failure patterns of a span, of its newest ``FAILURES`` failures."""
        types = {series.type for series in self.aggregates.series.values() if series.severity in FAILING}
        severities = {"severity IN (?, ?)": tuple(severity.value for severity in FAILING)}
        choice = EventFilter(span.after_us + 1, span.until_us, severities)
        rows = list(islice(self.history.by_types(sorted(types), choice, None, newest=True), FAILURES))
        counted = sum(count.cell.count for count in self.counts(span) if count.series.severity in FAILING)
        return Failures(
            as_of=span.as_of,
            since=span.since,
            days=days,
            min_failures=min_failures,
            looked_at=len(rows),
            complete=len(rows) == counted,
            patterns=failure_patterns((event for _, _, event in rows), min_failures),
        )

    def latest_events(self, span: Span) -> tuple[EventLine, ...]:
        """Return the newest events of a span in words: those that are more than information, and what ended them."""
        ends = {name for names in self.policy.ended_by.values() for name in names}
        types = {one.type for one in self.aggregates.series.values() if one.matters or one.type in ends}
        choice = EventFilter(span.after_us + 1, span.until_us)
        rows = islice(self.history.by_types(sorted(types), choice, None, newest=True), LATEST)
        return tuple(event_line(event, self.policy.texts) for _, _, event in rows)

    def anomalies(self, span: Span, hours: int, types: Sequence[str] | None, kept_us: int) -> Anomalies:
        """Return what is unusual in the ``hours`` whole hours before the span's end.

        An hour before ``kept_us`` is part of its day's count, so it counts as unobserved.
        """
        kept_us = max(kept_us, self.aggregates.hours_since_us)  # the clock may have been set back
        end, observed = hour_of(span.until_us), hour_of(max(span.observed_us, kept_us) - 1) + 1
        by_name: dict[str, Counter[int]] = {}
        for hour, series, count in self.aggregates.cells(end - hours - WEEKS * WEEK_H - 1, end - 1):
            if types is None or series.type in types:
                by_name.setdefault(series.type, Counter())[hour] += count
        over = min(end, hour_of(span.reached_us))  # hours that have come to their end
        judged = is_judged(over - 1, observed)
        found = find_anomalies(by_name, over, hours - (end - over), observed) if judged else []
        return Anomalies(
            as_of=span.as_of,
            since=possible_time((end - hours) * HOUR_US),
            hours=hours,
            anomalies=tuple(found[:ANOMALIES]),
            not_judged=() if judged else tuple(sorted(by_name)),
        )

    def days(self, span: Span) -> list[tuple[int, Series, int]]:
        """Return the counts of the span by day of UTC, as (a time in the day, series, count)."""
        first, last = (span.after_us + 1) // DAY_US, span.until_us // DAY_US
        edges = (self._between(day * DAY_US - 1, (day + 1) * DAY_US - 1, span) for day in sorted({first, last}))
        inner = ((day * DAY_US, series, count) for day, series, count in self.aggregates.days(first + 1, last - 1))
        return [*chain.from_iterable(edges), *inner]

    def pieces(self, span: Span) -> Pieces:
        """Return the span cut into the pieces of a chart, with their counts, which add up to ``counts``."""
        first, last = (span.after_us + 1) // DAY_US, span.until_us // DAY_US
        days = (span.until_us - span.after_us) / DAY_US
        unit = unit_of(days, hours=not self.aggregates.compacted(first, last))
        began = self.aggregates.first_us(first, last)
        found: list[tuple[datetime, list[Count]]] = []
        if began is not None and began <= span.until_us:  # the day that ends the span may begin later
            starts = [*starts_of(unit, possible_time(max(began, span.after_us + 1)), possible_time(span.until_us))]
            ends = [time_to_us(start) - 1 for start in starts[1:]]
            for start, (after, until) in zip(starts, pairwise([span.after_us, *ends, span.until_us]), strict=True):
                found.append((start, list(self.aggregates.counts(after, until))))
        return unit, found

    def _by_span(self, span: Span, types: Iterable[str], observed: Observation) -> dict[Span, set[str]]:
        """Return the types by their spans: each is observed since the first of its own devices is."""
        devices: dict[str, set[str | None]] = {}
        for series in self.aggregates.series.values():
            devices.setdefault(series.type, set()).add(series.device)
        found: dict[Span, set[str]] = {}
        for name in types:
            since_us = observed.since_of(devices.get(name, ()))
            own_span = span if since_us is None else replace(span, observed_us=since_us)
            found.setdefault(own_span, set()).add(name)
        return found

    def _between(self, after_us: int, until_us: int, span: Span) -> Iterator[tuple[int, Series, int]]:
        """Yield what lies in (after, until] and in the span, as of the first instant of it."""
        inside = max(after_us, span.after_us), min(until_us, span.until_us)
        if inside[0] < inside[1]:
            yield from ((after_us + 1, one.series, one.cell.count) for one in self.aggregates.counts(*inside))

    def _statistics(
        self, name: str, span: Span, ever: Mapping[str, AllTime], parts: Sequence[Cell | None]
    ) -> Statistics:
        before, first, earlier, later, after = parts
        ends = self.policy.ended_by.get(name)
        outages, complete = self._outages.outages(name, ends, span, ever) if ends else (None, True)
        known = TypeFigures(
            type=name,
            ever=ever.get(name),
            before=before,
            first=first,
            earlier=earlier,
            later=later,
            after=after,
            times=tuple(self.history.times(name, span.after_us, span.until_us, TIMES)),
            outages=outages,
            complete=complete,
        )
        return statistics(known, span, self.policy.trend_min_events)

    def _lasted(self, weighed: Sequence[WeighedEpisode], as_of_us: int) -> dict[str, tuple[Outage, ...]]:
        """Return the newest outages of the types that have an end and weigh anything."""
        ended_by = self.policy.ended_by
        weighing = {
            one.series.type
            for one in weighed
            if one.series.matters and (one.lasts or one.episode.ended_us > as_of_us - DECAY_US)
        }
        return {
            name: self._outages.newest(name, ended_by[name], as_of_us, LASTED)
            for name in sorted(weighing)
            if ended_by.get(name)
        }

    def _lasts(self, series: Series, episode: Episode, last: Mapping[Series, Episode], as_of_us: int) -> bool:
        ends = self.policy.ended_by.get(series.type)
        if not ends or last[series] != episode or as_of_us - episode.ended_us > LASTS_US:
            return False
        return not self._outages.ended(ends, series.device, episode.ended_us, as_of_us)


def _count(cells: Mapping[str, Cell], name: str) -> int:
    return cells[name].count if name in cells else 0
