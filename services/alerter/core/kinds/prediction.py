"""A field will reach its limit soon, as its device reports or by the line through its values (``Prediction``).

1. Where the device itself reports the time left, that counts.
2. Otherwise the least-squares line through the samples of ``over`` gives it, once they span half of ``over``, as
   ``predict_linear`` does in Prometheus.
3. It ends when more than ``CLEAR_AT`` times ``within`` is left: hysteresis for an estimate that wobbles.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from operator import itemgetter
from typing import ClassVar, NamedTuple

from services.alerter.core.kinds.condition import ALWAYS, Move, Reading, Span
from services.alerter.core.kinds.levels import Watched
from services.alerter.core.samples import Sample
from services.alerter.core.states import Reason
from services.alerter.core.wording import figure, in_words
from shared.instants import span_to_us

ROOM = 60  # samples kept of ``over``
CLEAR_AT = 1.25
LONGEST_S = 1e9  # thirty years: a longer estimate only means "far away"
Point = tuple[int, float]


class Forecast(NamedTuple):
    """The samples, the seconds left by them (None: no end in sight), and whether that is too few."""

    points: tuple[Point, ...] = ()
    left_s: float | None = None
    time_us: int = ALWAYS
    holds: bool = False
    ended_by: str = ""  # for a person: what else than more time left ended it


_UNSEEN = Forecast()


@dataclass(frozen=True)
class Prediction:
    """Holds while ``watched`` will reach ``reaches`` in less than ``within``."""

    begins: ClassVar[Reason] = Reason.OVER_LIMIT
    ends: ClassVar[Reason] = Reason.WITHIN_LIMIT
    limit: ClassVar[str] = "less than {} s"
    calm: ClassVar[str] = "no longer less than {} s"

    watched: Watched
    reaches: float
    within: timedelta
    over: timedelta
    reported: tuple[str, ...] = ()

    @property
    def window_s(self) -> float:
        """The span that the line is fitted to."""
        return self.over.total_seconds()

    @cached_property
    def _over_us(self) -> int:
        return span_to_us(self.over)

    @property
    def wants(self) -> str:
        """The limit and how soon, in words."""
        return f"{self.watched.field} at {figure(self.reaches)} in less than {in_words(self.within)}"

    @property
    def measures(self) -> bool:
        """Never: the value is seconds left, whatever the field's unit."""
        return False

    def begin(self) -> Forecast:
        """No sample yet."""
        return _UNSEEN

    def fold(self, evidence: Forecast, sample: Sample, _now_us: int) -> Forecast:
        """Estimate the time left with the sample; an older one, and one without either figure, changes nothing."""
        time_us = sample.time_us
        if time_us <= evidence.time_us:
            return evidence
        reported = self._reported_s(sample)
        value = sample.number(self.watched.field)
        if value is None and reported is None:
            return evidence
        if self.watched.unmet(sample) is not None:
            return Forecast(time_us=time_us, ended_by=self.watched.ended_by(sample))
        points = evidence.points if value is None else self._points(evidence.points, time_us, value)
        left_s = reported if reported is not None else self._left_s(points)
        left_s = None if left_s is None else min(left_s, LONGEST_S)
        bound_s = self.within.total_seconds() * (CLEAR_AT if evidence.holds else 1.0)
        return Forecast(points, left_s, time_us, left_s is not None and left_s < bound_s)

    def span(self, evidence: Forecast) -> Span | None:
        """While too few seconds are left, at most ``lasts`` after the last sample."""
        if not evidence.holds:
            return None
        lasts = self.watched.lasts
        return Span(until_us=None if lasts is None else evidence.time_us + span_to_us(lasts))

    def reading(self, evidence: Forecast, at_us: int, key: str) -> Reading:
        """The seconds left, and the limit; the limit twice while no end is in sight."""
        limit_s = self.within.total_seconds()
        calm = self.watched.calm(evidence.holds, evidence.ended_by, evidence.time_us, at_us)
        if evidence.left_s is None:
            return Reading(limit_s, limit_s, f"{key}: no end in sight for {self.watched.field}", calm=calm)
        left = in_words(timedelta(seconds=round(evidence.left_s)))
        return Reading(evidence.left_s, limit_s, f"{key}: {self.watched.field} lasts {left}", calm=calm)

    def pruned(self, evidence: Forecast, now_us: int) -> Forecast | None:
        """Drop the samples older than ``over``, unless the condition holds."""
        span = self.span(evidence)
        if span is not None and not span.over(now_us):
            return evidence
        from_us = now_us - self._over_us
        if evidence.time_us <= from_us or not evidence.points:
            return None
        if not evidence.holds and evidence.points[0][0] > from_us:  # they are in order
            return evidence
        return evidence._replace(points=_after(evidence.points, from_us), holds=False)

    def moved(self, evidence: Forecast, move: Move) -> Forecast:
        """Move the time of every sample."""
        points = tuple(sorted((move(time_us), value) for time_us, value in evidence.points))
        time_us = evidence.time_us if evidence.time_us == ALWAYS else move(evidence.time_us)
        return evidence._replace(points=points, time_us=time_us)

    def _reported_s(self, sample: Sample) -> float | None:
        for name in self.reported:
            if (number := sample.number(name)) is not None and number >= 0:
                return number
        return None

    def _points(self, points: tuple[Point, ...], time_us: int, value: float) -> tuple[Point, ...]:
        """Return at most about ``ROOM`` points: the newest replaces one that is close behind its predecessor."""
        from_us, apart_us = time_us - self._over_us, self._over_us // ROOM
        kept = _after(points, from_us)
        if len(kept) > 1 and kept[-1][0] - kept[-2][0] < apart_us:
            kept = kept[:-1]
        return (*kept, (time_us, value))

    def _left_s(self, points: tuple[Point, ...]) -> float | None:
        last_us = points[-1][0] if points else 0
        if len(points) < 3 or (last_us - points[0][0]) * 2 < self._over_us:
            return None
        times_us, values = zip(*points, strict=True)
        times = [(time_us - last_us) / 1e6 for time_us in times_us]
        mean_t, mean_v = sum(times) / len(times), sum(values) / len(values)
        off = [time - mean_t for time in times]
        spread = sum([time**2 for time in off])
        slope = sum([t * (v - mean_v) for t, v in zip(off, values, strict=True)]) / spread
        missing = self.reaches - (mean_v - slope * mean_t)  # from where the line stands now
        if abs(missing) < 1e-9:
            return 0.0
        return missing / slope if slope and missing / slope > 0 else None


def _after(points: tuple[Point, ...], time_us: int) -> tuple[Point, ...]:
    """Return the points later than a time; they are in order."""
    return points if points and points[0][0] > time_us else points[bisect_right(points, time_us, key=itemgetter(0)) :]
