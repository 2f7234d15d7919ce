"""Too many events within a sliding window (``Count``), and a burst of them that lasts until it is quiet (``Burst``).

1. "More than" is strict: the limit itself is quiet, one more fires.
2. A count ends when it is back at the limit. A burst ends when nothing has come for ``quiet``, so that it is one alert
   instead of several.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import ClassVar, NamedTuple

from services.alerter.core.kinds.condition import Move, Reading, Span
from services.alerter.core.samples import Sample
from services.alerter.core.states import Reason
from services.alerter.core.window import Window, count, end_of_excess, fold_in, fold_out
from services.alerter.core.wording import figure, in_words
from shared.instants import span_to_us

REMEMBERED_VALUES = 200  # of ``once_per``
LONGEST_MEMORY = 1000  # times remembered, unless the limit needs more to be decided


@dataclass(frozen=True)
class Count:
    """Holds while more than ``threshold`` events lie within ``window``; ``per`` only words it as a rate.

    ``once_per`` names a field: of the events that share a value of it, the first alone counts.
    """

    begins: ClassVar[Reason] = Reason.OVER_LIMIT
    ends: ClassVar[Reason] = Reason.WITHIN_LIMIT
    limit: ClassVar[str] = "more than the limit of {}"
    calm: ClassVar[str] = "back within the limit of {}"

    window: timedelta
    threshold: int
    per: timedelta | None = None
    once_per: str | None = None

    @property
    def window_s(self) -> float:
        """The window in seconds."""
        return self.window.total_seconds()

    @property
    def wants(self) -> str:
        """The limit in words, with ``per`` as a rate."""
        if self.per is None:
            return f"{self.limit.format(self.threshold)} in {in_words(self.window)}"
        rate = figure(self.threshold * (self.per / self.window))
        return f"{self.limit.format(rate)} per {in_words(self.per, bare=True)}, in {in_words(self.window)}"

    @property
    def measures(self) -> bool:
        """Always: both figures are counts."""
        return True

    @cached_property
    def window_us(self) -> int:
        """The window in microseconds."""
        return span_to_us(self.window)

    @property
    def remembered(self) -> int:
        """How many of the newest event times are kept: enough to decide, and bounded."""
        return max(self.threshold + 1, LONGEST_MEMORY)

    def begin(self) -> Window:
        """No event yet."""
        return Window()

    def fold(self, evidence: Window, sample: Sample, now_us: int) -> Window:
        """Insert the event; one older than the window changes nothing."""
        if sample.time_us <= now_us - self.window_us:
            return evidence
        value = sample.field(self.once_per) if self.once_per is not None else None
        if not isinstance(value, str):
            return fold_in(evidence, sample.time_us, self.remembered)
        if value in evidence.counted:
            return evidence
        counted = (*evidence.counted, value)[-REMEMBERED_VALUES:]
        return fold_in(evidence, sample.time_us, self.remembered)._replace(counted=counted)

    def span(self, evidence: Window) -> Span | None:
        """Until the count is back at the limit."""
        ends_us = end_of_excess(evidence, self.threshold, self.window_us)
        return None if ends_us is None else Span(until_us=ends_us)

    def reading(self, evidence: Window, at_us: int, key: str) -> Reading:
        """The count and the limit, with ``per`` as rates."""
        counted = count(evidence, at_us, self.window_us)
        least = "" if counted.exact else "at least "
        if self.per is None:
            words = f"{key}: {least}{counted.number} in {in_words(self.window)}"
            return Reading(float(counted.number), float(self.threshold), words)
        factor = self.per / self.window
        rate, limit = counted.number * factor, self.threshold * factor
        return Reading(rate, limit, f"{key}: {least}{figure(rate)} per {in_words(self.per, bare=True)}")

    def pruned(self, evidence: Window, now_us: int) -> Window | None:
        """Drop the events that have left the window."""
        left = fold_out(evidence, now_us - self.window_us)
        return left if left.times_us else None

    def moved(self, evidence: Window, move: Move) -> Window:
        """Move the time of every event."""
        lost_us = None if evidence.lost_us is None else move(evidence.lost_us)
        times_us = tuple(sorted(move(time_us) for time_us in evidence.times_us))
        return Window(times_us, lost_us, evidence.counted)


class BurstEvidence(NamedTuple):
    """The newest event times, and whether they have been a burst."""

    times_us: tuple[int, ...] = ()
    holds: bool = False


@dataclass(frozen=True, slots=True)
class Burst:
    """Begins like ``Count``, and lasts until no event has come for ``quiet``."""

    begins: ClassVar[Reason] = Reason.OVER_LIMIT
    ends: ClassVar[Reason] = Reason.WITHIN_LIMIT
    limit: ClassVar[str] = "more than the limit of {}"
    calm: ClassVar[str] = "quiet again; the limit is {}"

    window: timedelta
    threshold: int
    quiet: timedelta

    @property
    def window_s(self) -> float:
        """The window in seconds."""
        return self.window.total_seconds()

    @property
    def wants(self) -> str:
        """The limit, in words."""
        return f"{self.limit.format(self.threshold)} in {in_words(self.window)}"

    @property
    def measures(self) -> bool:
        """Always: both figures are counts."""
        return True

    @property
    def _window_us(self) -> int:
        return span_to_us(self.window)

    @property
    def _room(self) -> int:
        return max(self.threshold + 1, LONGEST_MEMORY)

    def begin(self) -> BurstEvidence:
        """No event yet."""
        return BurstEvidence()

    def fold(self, evidence: BurstEvidence, sample: Sample, now_us: int) -> BurstEvidence:
        """Insert the event, and judge whether it makes a burst; one older than window and ``quiet`` changes nothing."""
        if sample.time_us <= now_us - max(self._window_us, span_to_us(self.quiet)):
            return evidence
        folded = fold_in(Window(evidence.times_us), sample.time_us, self._room)
        many = count(folded, max(now_us, sample.time_us), self._window_us).number > self.threshold
        return BurstEvidence(folded.times_us, evidence.holds or many)

    def span(self, evidence: BurstEvidence) -> Span | None:
        """Until ``quiet`` after the last event of a burst."""
        return Span(until_us=evidence.times_us[-1] + span_to_us(self.quiet)) if evidence.holds else None

    def reading(self, evidence: BurstEvidence, at_us: int, key: str) -> Reading:
        """The count within the window, and the limit."""
        number = count(Window(evidence.times_us), at_us, self._window_us).number
        least = "at least " if number >= self._room else ""
        return Reading(float(number), float(self.threshold), f"{key}: {least}{number} in {in_words(self.window)}")

    def pruned(self, evidence: BurstEvidence, now_us: int) -> BurstEvidence | None:
        """Drop the events that have left the window; a burst keeps its last one, which decides its end."""
        span = self.span(evidence)
        holds = span is not None and not span.over(now_us)
        times_us = fold_out(Window(evidence.times_us), now_us - self._window_us).times_us
        if not times_us and holds:
            times_us = evidence.times_us[-1:]
        if not times_us:
            return None
        if len(times_us) == len(evidence.times_us) and holds is evidence.holds:
            return evidence
        return BurstEvidence(times_us, holds)

    def moved(self, evidence: BurstEvidence, move: Move) -> BurstEvidence:
        """Move the time of every event."""
        return BurstEvidence(tuple(sorted(move(time_us) for time_us in evidence.times_us)), evidence.holds)
