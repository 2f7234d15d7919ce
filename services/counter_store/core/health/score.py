"""The health score: 100 less what happened in the last seven days, each point of it accounted for.

Rules (docs/health.md shows them at work):
1. Each type is a factor. It takes its formula's weight for each occurrence, and as much again for each
   ``LONG_US`` that it lasted (``formulas.py``).
2. From its end on an episode weighs linearly less, and nothing after seven days. A lasting one weighs in full, for at
   most thirty days after its last event: a device that was taken away never reports an end.
3. A type takes at most its severity's cap, so a burst of one type cannot make the score 0. While it lasts it takes at
   least its severity's floor, so a score is never EXCELLENT while a warning or worse lasts.
4. Points are whole. The factors' points add up to 100 - score exactly: they are rounded by largest remainder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.counter_store.core.counting.series import Episode, Series
from services.counter_store.core.health.formulas import STANDARD, HealthFormula
from services.counter_store.core.health.remedies import remedy_of
from services.counter_store.core.span import possible_time
from services.counter_store.core.statistics.outages import Outage, overlap_us
from services.counter_store.core.time_units import DAY_US, HOUR_US, US_PER_S
from shared.health import Grade, Health, HealthFactor
from shared.instants import us_to_time
from shared.messages import Severity

GRADES = ((90, Grade.EXCELLENT), (80, Grade.GOOD), (70, Grade.FAIR), (60, Grade.POOR), (0, Grade.CRITICAL))
DECAY_US = 7 * DAY_US
LASTS_US = 30 * DAY_US
LONG_US = 2 * HOUR_US  # lasting this long weighs like one occurrence more
FULL = 100
UNIT = DECAY_US * LONG_US  # weights are integers, in points x UNIT: no rounding before the end
RANK = tuple(Severity)  # least first


@dataclass(frozen=True, slots=True)
class WeighedEpisode:
    """An episode of a series; ``lasts`` while the events that report its end have not come.

    ``over_us``: the reported end of its last outage, which is later than the last event of the episode.
    """

    series: Series
    episode: Episode
    lasts: bool
    over_us: int = -(2**62)

    @property
    def ended_us(self) -> int:
        """The time from which on it weighs less."""
        return max(self.over_us, self.episode.ended_us)


@dataclass(frozen=True, slots=True)
class _Factor:
    type: str
    severity: Severity
    weight: int  # in points x UNIT
    capped: bool
    episodes: tuple[WeighedEpisode, ...]
    lasted_us: int


def judge_health(
    site: str,
    weighed: Iterable[WeighedEpisode],
    as_of_us: int,
    ended_by: Mapping[str, Sequence[str]],
    *,
    formula: HealthFormula = STANDARD,
    outages: Mapping[str, Sequence[Outage]] | None = None,
) -> Health:
    """Return the health at ``as_of`` by the episodes up to then; ``ended_by`` names the types that end a type.

    ``outages`` has the known beginnings and ends for types with an end. A lasting one began with its last episode.
    """
    judge = _Judge(formula, as_of_us, ended_by, outages or {})
    factors = judge.factors(weighed)
    points = share_out([factor.weight for factor in factors], UNIT, FULL)
    published = [judge.publish(factor, share) for factor, share in zip(factors, points, strict=True) if share]
    published.sort(key=lambda factor: (-factor.points, factor.type))
    score = FULL - sum(points)
    recovers = [factor.recovers for factor in published]
    return Health(
        site=site,
        score=score,
        grade=grade_of(score),
        factors=tuple(published),
        formula=formula.name,
        as_of=us_to_time(as_of_us),
        recovers=None if None in recovers else max((time for time in recovers if time), default=None),
    )


def grade_of(score: int) -> Grade:
    """Return the grade of a score of 0 to 100."""
    return next(grade for least, grade in GRADES if score >= least)


def share_out(weights: Sequence[int], unit: int, most: int) -> list[int]:
    """Return whole points for weights (in points x unit) that add up to their rounded sum, at most ``most``.

    Largest remainder: no share is a point off its exact value, and of equal remainders the first gets the point.
    """
    whole = sum(weights)
    points = min(most, (2 * whole + unit) // (2 * unit))
    if not points:
        return [0] * len(weights)
    shares = [divmod(weight * points, whole) for weight in weights]
    missing = points - sum(share for share, _ in shares)
    first = sorted(range(len(shares)), key=lambda at: (-shares[at][1], at))[:missing]
    return [share + (at in first) for at, (share, _) in enumerate(shares)]


@dataclass(frozen=True, slots=True)
class _Judge:
    formula: HealthFormula
    as_of_us: int
    ended_by: Mapping[str, Sequence[str]]
    outages: Mapping[str, Sequence[Outage]]

    def factors(self, weighed: Iterable[WeighedEpisode]) -> list[_Factor]:
        """Return a factor for each type that weighs anything."""
        of_type: dict[str, list[WeighedEpisode]] = {}
        ended: dict[tuple[str, str | None], list[Outage]] = {}
        for name, outages in self.outages.items():
            for outage in outages:
                if outage.ended_us is not None:
                    ended.setdefault((name, outage.device), []).append(outage)
        for episode in weighed:
            found = ended.get((episode.series.type, episode.series.device))
            one = episode if found is None else _until_over(episode, found)
            weighs = self.formula.weights[one.series.severity] and self._remaining_us(one.ended_us, one.lasts)
            if weighs and one.episode.began_us <= self.as_of_us:
                of_type.setdefault(one.series.type, []).append(one)
        return [self._factor(name, episodes) for name, episodes in sorted(of_type.items())]

    def publish(self, factor: _Factor, points: int) -> HealthFactor:
        """Return a factor as it is published."""
        lasting = [one for one in factor.episodes if one.lasts]
        last_us = max(one.episode.ended_us for one in factor.episodes)
        recovers = None if lasting else possible_time(max(one.ended_us for one in factor.episodes) + DECAY_US)
        devices = sorted({one.series.device for one in (lasting or factor.episodes) if one.series.device})
        return HealthFactor(
            type=factor.type,
            severity=factor.severity,
            points=points,
            episodes=len(factor.episodes),
            events=sum(one.episode.count for one in factor.episodes),
            lasts=bool(lasting),
            lasted_s=factor.lasted_us / US_PER_S,
            capped=factor.capped,
            last=us_to_time(last_us),
            recovers=recovers,
            remedy=remedy_of(self.ended_by.get(factor.type, ()), devices, recovers),
        )

    def _factor(self, name: str, episodes: Sequence[WeighedEpisode]) -> _Factor:
        worst = max((one.series.severity for one in episodes), key=RANK.index)
        lasted = self._lasted(name, episodes)
        weight = sum(self._often(name, one) for one in episodes) + self.formula.weights[worst] * sum(
            us * remaining_us for us, remaining_us in lasted
        )
        floor = self.formula.floors[worst] if any(one.lasts for one in episodes) else 0
        bounded = max(min(weight, self.formula.caps[worst] * UNIT), floor * UNIT)
        return _Factor(name, worst, bounded, weight > bounded, tuple(episodes), sum(us for us, _ in lasted))

    def _often(self, name: str, one: WeighedEpisode) -> int:
        occurrences = self.formula.occurrences(one.episode.count, has_end=name in self.ended_by)
        remaining_us = self._remaining_us(one.ended_us, one.lasts)
        return self.formula.weights[one.series.severity] * occurrences * remaining_us * LONG_US

    def _lasted(self, name: str, episodes: Sequence[WeighedEpisode]) -> list[tuple[int, int]]:
        """Return how long each outage or episode lasted within seven days, with what remains of it."""
        if not self.formula.counts_often_and_long:
            return []
        found = [one for one in self.outages.get(name, ()) if one.ended_us is not None]
        alone = episodes if name not in self.outages else [one for one in episodes if one.lasts]
        found += [_as_outage(one) for one in alone]
        window = (self.as_of_us - DECAY_US, self.as_of_us)
        lasted = [(overlap_us(one, *window), self._remaining_us(one.ended_us, one.ended_us is None)) for one in found]
        return [(us, remaining_us) for us, remaining_us in lasted if us > 0 and remaining_us > 0]

    def _remaining_us(self, ended_us: int | None, lasts: bool) -> int:
        """Return how much of the seven days is left; all of it while it lasts."""
        return DECAY_US if lasts or ended_us is None else max(0, DECAY_US - max(0, self.as_of_us - ended_us))


def _until_over(one: WeighedEpisode, ended: Iterable[Outage]) -> WeighedEpisode:
    """Return the episode, over when the last of its outages was."""
    began_us, last_us = one.episode.began_us, one.episode.ended_us
    ends_us = [each.ended_us for each in ended if each.ended_us is not None and began_us <= each.began_us <= last_us]
    return WeighedEpisode(one.series, one.episode, one.lasts, max(ends_us)) if ends_us else one


def _as_outage(one: WeighedEpisode) -> Outage:
    ended_us = None if one.lasts else one.episode.ended_us
    return Outage(one.series.device, one.episode.began_us, ended_us)
