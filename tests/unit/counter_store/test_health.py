"""The health score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.core.counting.series import Episode, Series
from services.counter_store.core.health.formulas import FORMULAS, SEED, STANDARD, HealthFormula
from services.counter_store.core.health.score import DECAY_US, GRADES, WeighedEpisode, grade_of, judge_health, share_out
from services.counter_store.core.statistics.outages import Outage
from services.counter_store.core.time_units import DAY_US, US_PER_S
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


def judged(
    *episodes: WeighedEpisode,
    as_of: int = NOW,
    formula: HealthFormula = STANDARD,
    outages: Mapping[str, Sequence[Outage]] | None = None,
) -> Health:
    return judge_health("home", episodes, as_of, ENDS, formula=formula, outages=outages)


either = pytest.mark.parametrize("formula", FORMULAS.values(), ids=list(FORMULAS))


EPISODES = st.builds(
    weighed,
    st.sampled_from(["A", "B", "C", "D", "E"]),
    st.sampled_from(list(Severity)),
    st.floats(-1, 40),
    device=st.sampled_from(["ups", "tent"]),
    count=st.integers(1, 1000),
)


@either
@given(episodes=st.lists(EPISODES, max_size=60))
def test_the_factors_add_up_to_what_is_missing(episodes: list[WeighedEpisode], formula: HealthFormula) -> None:
    """Exactly, whatever has happened; and every grade is that of its score."""
    health = judged(*episodes, formula=formula)

    assert 100 - health.score == sum(factor.points for factor in health.factors)
    assert grade_of(health.score) == health.grade


@either
@given(episodes=st.lists(EPISODES, max_size=20), one=EPISODES)
def test_one_episode_more_never_makes_it_better(
    episodes: list[WeighedEpisode], one: WeighedEpisode, formula: HealthFormula
) -> None:
    """Nor does it depend on their order."""
    health = judged(*episodes, formula=formula)

    assert judged(*episodes, one, formula=formula).score <= health.score
    assert health.score == judged(*reversed(episodes), formula=formula).score


@either
@given(episodes=st.lists(EPISODES, max_size=20), later=st.integers(0, 8 * DAY_US))
def test_with_time_alone_it_only_gets_better(
    episodes: list[WeighedEpisode], later: int, formula: HealthFormula
) -> None:
    """Of what has already happened."""
    happened = [one for one in episodes if one.episode.began_us <= NOW]

    assert judged(*happened, formula=formula).score <= judged(*happened, as_of=NOW + later, formula=formula).score


@pytest.mark.parametrize(
    ("severity", "points"), [(Severity.CRITICAL, 10), (Severity.ERROR, 5), (Severity.WARNING, 2), (Severity.INFO, 0)]
)
def test_a_fresh_episode_weighs_what_the_seed_says(severity: Severity, points: int) -> None:
    """Ten, five, two, nothing."""
    assert 100 - points == judged(weighed("X", severity), formula=SEED).score


def test_a_burst_of_one_type_does_not_make_it_zero() -> None:
    """It counts three times at most; an episode of 3,600 events is one."""
    storm = [weighed("I2C_ERROR", Severity.ERROR, n / 100, count=3600) for n in range(50)]

    assert (85, Grade.GOOD) == ((health := judged(*storm, formula=SEED)).score, health.grade)
    assert 50 * 3600 == health.factors[0].events
    assert (70, Grade.FAIR) == ((health := judged(*storm)).score, health.grade)
    assert (True, 50, 50 * 3600) == (health.factors[0].capped, health.factors[0].episodes, health.factors[0].events)


def test_what_is_a_week_old_weighs_nothing_and_half_a_week_half() -> None:
    """Evenly less in between."""
    scores = [judged(weighed("X", Severity.CRITICAL, days), formula=SEED).score for days in (0, 3.5, 6.9, 7, 8)]
    standard = [judged(weighed("X", Severity.CRITICAL, days)).score for days in (0, 3.5, 6.9, 7, 8)]

    assert [90, 95, 100, 100, 100] == scores
    assert [85, 92, 100, 100, 100] == standard


def test_what_has_not_ended_weighs_in_full_and_says_what_would_end_it() -> None:
    """A week of mains failure does not heal by itself."""
    health = judged(weighed("AC_POWER_LOSS", Severity.WARNING, 10, lasts=True), formula=SEED)
    factor = health.factors[0]

    assert (98, None, None) == (health.score, health.recovers, factor.recovers)
    assert "lasts on ups until AC_POWER_RESTORED comes; then its points come back over 7 days" == factor.remedy


def test_it_says_when_it_will_be_whole_again() -> None:
    """Seven days after the last of what weighs."""
    health = judged(weighed("X", Severity.CRITICAL, 1), weighed("Y", Severity.ERROR, 2))

    assert us_to_time(NOW + 6 * DAY_US) == health.recovers
    assert ["X", "Y"] == [factor.type for factor in health.factors]
    assert "all points are back on 2026-01-07 00:00 UTC unless it happens again on ups" == health.factors[0].remedy


@given(st.lists(EPISODES, max_size=8), st.sampled_from([Severity.WARNING, Severity.ERROR, Severity.CRITICAL]))
def test_nothing_is_excellent_while_something_bad_lasts(episodes: list[WeighedEpisode], severity: Severity) -> None:
    """A warning that lasts is GOOD at best, an error FAIR; while something critical lasts it is CRITICAL."""
    best = {Severity.WARNING: 89, Severity.ERROR: 79, Severity.CRITICAL: 59}
    lasting = weighed("AC_POWER_LOSS", severity, lasts=True)

    assert judged(*episodes, lasting).score <= best[severity]
    assert judged(lasting).factors[0].lasts


def test_on_battery_with_a_low_battery_is_no_excellent_health() -> None:
    """The seed's weights called it 96."""
    both = [weighed(name, Severity.WARNING, lasts=True) for name in ("AC_POWER_LOSS", "BATTERY_LOW")]

    assert (96, Grade.EXCELLENT) == ((health := judged(*both, formula=SEED)).score, health.grade)
    assert (78, Grade.FAIR) == ((health := judged(*both)).score, health.grade)


def test_each_outage_counts_and_so_does_how_long_it_lasted() -> None:
    """46 outages of a minute are worse than one; one of ten hours is worse than one of a minute."""

    def of_outages(count: int, seconds: int) -> Health:
        began = [NOW - (count - at) * 150 * US_PER_S - seconds * US_PER_S for at in range(count)]
        outages = [Outage("ups", us, us + seconds * US_PER_S) for us in began]
        series = Series("AC_POWER_LOSS", "power", Severity.WARNING, "ups")
        episode = WeighedEpisode(series, Episode(began[0], began[-1], count), lasts=False)
        return judged(episode, outages={"AC_POWER_LOSS": outages})

    once, often, long = of_outages(1, 60), of_outages(46, 60), of_outages(1, 36_000)

    assert [98, 75, 88] == [once.score, often.score, long.score]
    assert [(False, 60.0), (True, 46 * 60.0), (False, 36_000.0)] == [
        (one.factors[0].capped, one.factors[0].lasted_s) for one in (once, often, long)
    ]


def test_a_long_outage_fades_from_its_end_on() -> None:
    """And not from its beginning, so no points come back while it lasts, and none at a stroke."""
    began, ended = NOW - 8 * DAY_US, NOW - 6 * DAY_US
    series = Series("AC_POWER_LOSS", "power", Severity.WARNING, "ups")
    episode = WeighedEpisode(series, Episode(began, began, 1), lasts=False)
    outages = {"AC_POWER_LOSS": [Outage("ups", began, ended)]}
    scores = [judged(episode, outages=outages, as_of=ended + days * DAY_US).score for days in range(8)]

    assert scores == sorted(scores)
    assert (75, 100) == (scores[0], scores[-1])
    assert us_to_time(ended + DECAY_US) == judged(episode, outages=outages).recovers


def test_a_fault_without_an_end_counts_by_the_digits_of_its_events() -> None:
    """A sensor that fails every second for an hour is one fault; it weighs four times, not 3,600 times."""
    scores = [judged(weighed("I2C_ERROR", Severity.ERROR, count=count)).score for count in (1, 9, 10, 3600)]

    assert [95, 95, 90, 80] == scores


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
