"""The health score: 100 less what the last seven days' episodes weigh, each point of it accounted for.

Rules:
1. An episode weighs by its severity: critical 10, error 5, warning 2, information 0. It weighs whole when it ends, and
   evenly less from then on, until it weighs nothing seven days later. What is still going on weighs whole, for thirty
   days at most: a device that was taken away tells no end.
2. Episodes count, not events: a sensor that fails every second for an hour is one fault and not 3,600.
3. A type takes at most ``MOST`` episodes' worth, so a burst of one type cannot make the score 0 by itself.
4. Points are whole, and the factors' points add up to 100 − score exactly: rounded by largest remainder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.counter_store.core.counting.series import Episode, Series
from services.counter_store.core.span import possible_time
from services.counter_store.core.time_units import DAY_US
from shared.health import Grade, Health, HealthFactor
from shared.instants import us_to_time
from shared.messages import Severity, Time

WEIGHTS = {Severity.CRITICAL: 10, Severity.ERROR: 5, Severity.WARNING: 2, Severity.INFO: 0}
GRADES = ((90, Grade.EXCELLENT), (80, Grade.GOOD), (70, Grade.FAIR), (60, Grade.POOR), (0, Grade.CRITICAL))
DECAY_US = 7 * DAY_US
LASTS_US = 30 * DAY_US
MOST = 3
NAMED = 5  # devices a remedy names: the health is a retained message
FULL = 100


@dataclass(frozen=True, slots=True)
class WeighedEpisode:
    """An episode of a series; ``lasts`` while the events that tell its end have not come."""

    series: Series
    episode: Episode
    lasts: bool


@dataclass(frozen=True, slots=True)
class _Factor:
    type: str
    severity: Severity
    weight: int  # in points × DECAY_US
    episodes: tuple[WeighedEpisode, ...]


def judge_health(
    site: str, weighed: Iterable[WeighedEpisode], as_of_us: int, ended_by: Mapping[str, Sequence[str]]
) -> Health:
    """Return the health at ``as_of`` by the episodes up to then; ``ended_by`` names the types that end a type."""
    factors = _factors(weighed, as_of_us)
    points = share_out([factor.weight for factor in factors], DECAY_US, FULL)
    told = [_told(factor, share, ended_by) for factor, share in zip(factors, points, strict=True) if share]
    told.sort(key=lambda factor: (-factor.points, factor.type))
    score = FULL - sum(points)
    recovers = [factor.recovers for factor in told]
    return Health(
        site=site,
        score=score,
        grade=grade_of(score),
        factors=tuple(told),
        as_of=us_to_time(as_of_us),
        recovers=None if None in recovers else max((time for time in recovers if time), default=None),
    )


def grade_of(score: int) -> Grade:
    """Return the grade of a score of 0 to 100."""
    return next(grade for least, grade in GRADES if score >= least)


def share_out(weights: Sequence[int], unit: int, most: int) -> list[int]:
    """Return whole points for weights (in points × unit) that add up to their rounded sum, at most ``most``.

    Largest remainder: nobody is more than one point off, and equal remainders go to who comes first.
    """
    whole = sum(weights)
    points = min(most, (2 * whole + unit) // (2 * unit))
    if not points:
        return [0] * len(weights)
    shares = [divmod(weight * points, whole) for weight in weights]
    missing = points - sum(share for share, _ in shares)
    first = sorted(range(len(shares)), key=lambda at: (-shares[at][1], at))[:missing]
    return [share + (at in first) for at, (share, _) in enumerate(shares)]


def _factors(weighed: Iterable[WeighedEpisode], as_of_us: int) -> list[_Factor]:
    of_type: dict[str, list[WeighedEpisode]] = {}
    for one in weighed:
        if one.episode.began_us <= as_of_us and _remaining_us(one, as_of_us) > 0 and WEIGHTS[one.series.severity]:
            of_type.setdefault(one.series.type, []).append(one)
    return [_factor(name, episodes, as_of_us) for name, episodes in sorted(of_type.items())]


def _factor(name: str, episodes: Sequence[WeighedEpisode], as_of_us: int) -> _Factor:
    worst = max((one.series.severity for one in episodes), key=lambda severity: WEIGHTS[severity])
    weight = sum(WEIGHTS[one.series.severity] * _remaining_us(one, as_of_us) for one in episodes)
    return _Factor(name, worst, min(weight, MOST * WEIGHTS[worst] * DECAY_US), tuple(episodes))


def _remaining_us(one: WeighedEpisode, as_of_us: int) -> int:
    """Return how much of the seven days is left; all of it while the episode lasts."""
    return DECAY_US if one.lasts else DECAY_US - max(0, as_of_us - one.episode.ended_us)


def _told(factor: _Factor, points: int, ended_by: Mapping[str, Sequence[str]]) -> HealthFactor:
    lasting = [one for one in factor.episodes if one.lasts]
    last_us = max(one.episode.ended_us for one in factor.episodes)
    recovers = None if lasting else possible_time(last_us + DECAY_US)
    devices = sorted({one.series.device for one in (lasting or factor.episodes) if one.series.device})
    return HealthFactor(
        type=factor.type,
        severity=factor.severity,
        points=points,
        episodes=len(factor.episodes),
        events=sum(one.episode.count for one in factor.episodes),
        last=us_to_time(last_us),
        recovers=recovers,
        remedy=_remedy(factor.type, devices, recovers, ended_by),
    )


def _remedy(name: str, devices: Sequence[str], recovers: Time | None, ended_by: Mapping[str, Sequence[str]]) -> str:
    more = f" and {len(devices) - NAMED} more" if len(devices) > NAMED else ""
    where = f" on {', '.join(devices[:NAMED])}{more}" if devices else ""
    if recovers is None:
        return f"has not ended{where}; fades once {' or '.join(ended_by[name])} has come"
    return f"forgotten on {recovers:%Y-%m-%d %H:%M} UTC unless it happens again{where}"
