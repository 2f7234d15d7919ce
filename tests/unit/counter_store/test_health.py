"""The health score."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.core.counting.series import Episode, Series
from services.counter_store.core.health.score import DECAY_US, GRADES, WeighedEpisode, grade_of, judge_health, share_out
from services.counter_store.core.time_units import DAY_US
from shared.health import Grade, Health
from shared.instants import time_to_us, us_to_time
from shared.messages import Severity
from tests.support.store_messages import START

NOW = time_to_us(START)
ENDS = {"AC_POWER_LOSS": ("AC_POWER_RESTORED",)}


def weighed(
    name: str,
    severity: Severity,
    age_days: float = 0,
    *,
    lasts: bool = False,
    device: str = "ups",
    count: int = 1,
) -> WeighedEpisode:
    at = NOW - round(age_days * DAY_US)
    return WeighedEpisode(Series(name, "system", severity, device), Episode(at, at, count), lasts)


def judged(*episodes: WeighedEpisode, as_of: int = NOW) -> Health:
    return judge_health("home", episodes, as_of, ENDS)


EPISODES = st.builds(
    weighed,
    st.sampled_from(["A", "B", "C", "D", "E"]),
    st.sampled_from(list(Severity)),
    st.floats(-1, 40),
    device=st.sampled_from(["ups", "tent"]),
    count=st.integers(1, 1000),
)


@given(st.lists(EPISODES, max_size=60))
def test_the_factors_add_up_to_what_is_missing(episodes: list[WeighedEpisode]) -> None:
    """Exactly, whatever has happened; and every grade is that of its score."""
    health = judged(*episodes)

    assert 100 - health.score == sum(factor.points for factor in health.factors)
    assert grade_of(health.score) == health.grade


@given(st.lists(EPISODES, max_size=20), EPISODES)
def test_one_episode_more_never_makes_it_better(episodes: list[WeighedEpisode], one: WeighedEpisode) -> None:
    """Nor does it depend on their order."""
    health = judged(*episodes)

    assert judged(*episodes, one).score <= health.score
    assert health.score == judged(*reversed(episodes)).score


@given(st.lists(EPISODES, max_size=20), st.integers(0, 8 * DAY_US))
def test_with_time_alone_it_only_gets_better(episodes: list[WeighedEpisode], later: int) -> None:
    """Of what has already happened."""
    happened = [one for one in episodes if one.episode.began_us <= NOW]

    assert judged(*happened).score <= judged(*happened, as_of=NOW + later).score


@pytest.mark.parametrize(
    ("severity", "points"), [(Severity.CRITICAL, 10), (Severity.ERROR, 5), (Severity.WARNING, 2), (Severity.INFO, 0)]
)
def test_a_fresh_episode_weighs_what_the_seed_says(severity: Severity, points: int) -> None:
    """Ten, five, two, nothing."""
    assert 100 - points == judged(weighed("X", severity)).score


def test_a_burst_of_one_type_does_not_make_it_zero() -> None:
    """It counts three times at most; an episode of 3,600 events is one."""
    storm = [weighed("I2C_ERROR", Severity.ERROR, n / 100, count=3600) for n in range(50)]

    assert (85, Grade.GOOD) == ((health := judged(*storm)).score, health.grade)
    assert 50 * 3600 == health.factors[0].events


def test_what_is_a_week_old_weighs_nothing_and_half_a_week_half() -> None:
    """Evenly less in between."""
    scores = [judged(weighed("X", Severity.CRITICAL, days)).score for days in (0, 3.5, 6.9, 7, 8)]

    assert [90, 95, 100, 100, 100] == scores


def test_what_has_not_ended_weighs_in_full_and_says_what_would_end_it() -> None:
    """A week of mains failure does not heal by itself."""
    health = judged(weighed("AC_POWER_LOSS", Severity.WARNING, 10, lasts=True))
    factor = health.factors[0]

    assert (98, None, None) == (health.score, health.recovers, factor.recovers)
    assert "has not ended on ups; fades once AC_POWER_RESTORED has come" == factor.remedy


def test_it_says_when_it_will_be_whole_again() -> None:
    """Seven days after the last of what weighs."""
    health = judged(weighed("X", Severity.CRITICAL, 1), weighed("Y", Severity.ERROR, 2))

    assert us_to_time(NOW + 6 * DAY_US) == health.recovers
    assert ["X", "Y"] == [factor.type for factor in health.factors]
    assert "forgotten on 2026-01-07 00:00 UTC unless it happens again on ups" == health.factors[0].remedy


def test_what_is_yet_to_come_does_not_weigh() -> None:
    """An event dated in the future counts when its time has come."""
    assert 100 == judged(weighed("X", Severity.CRITICAL, -1)).score


@given(st.lists(st.integers(1, DECAY_US * 30), min_size=1, max_size=12))
def test_shares_are_whole_fair_and_complete(weights: list[int]) -> None:
    """They add up to the rounded sum, 100 at most, and none is a point off its exact share."""
    shares = share_out(weights, DECAY_US, 100)
    exact = Fraction(sum(weights), DECAY_US)

    assert min(100, int(exact + Fraction(1, 2))) == sum(shares)
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(weight * sum(shares), sum(weights))) < 1


def test_the_grades_are_the_seeds() -> None:
    """90, 80, 70, 60; CRITICAL is a grade of its own kind and no severity."""
    steps = [grade_of(score) for score in (100, 90, 89, 80, 79, 70, 69, 60, 59, 0)]

    assert ["EXCELLENT"] * 2 + ["GOOD"] * 2 + ["FAIR"] * 2 + ["POOR"] * 2 + ["CRITICAL"] * 2 == steps
    assert len(GRADES) == len(Grade)
    assert Grade.CRITICAL.value not in {severity.value for severity in Severity}
