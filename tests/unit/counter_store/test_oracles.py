"""Every statistic the store tells, held against SciPy and NumPy: of events it was given, in whatever order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.counter_store.core.statistics.anomalies import CHANCE, FAR, LEAST, chance_of, scatters
from services.counter_store.core.statistics.percentiles import nearest_rank
from services.counter_store.core.statistics.tail_probability import expect, two_sided_p
from shared.instants import time_to_us
from shared.messages import Event, Severity
from tests.conftest import Require
from tests.support.store_bench import DAY, HOUR, POLICY, StoreBench, bench
from tests.support.store_messages import START, event

KINDS = ("AC_POWER_LOSS", "AC_POWER_RESTORED", "I2C_ERROR")
DEVICES = ("ups", "tent", None)
SPAN_DAYS, UNTIL_DAYS = 20, 30
UNTIL = UNTIL_DAYS * DAY
NOW_H = time_to_us(START) // 3_600_000_000
AFTER = UNTIL - SPAN_DAYS * DAY
SHAPES = ("even", "bursts", "hours", "late")
Told = list[tuple[int, str, str | None]]
few = settings(max_examples=40)


def scattered(seed: int, number: int, shape: str) -> Told:
    """Events in no order: spread evenly, in bursts, on the full hour (where spans end), or in the last day."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    told: Told = []
    while len(told) < number:
        at_s = chance.uniform(1, UNTIL) if shape != "late" else chance.uniform(UNTIL - 2 * DAY, UNTIL)
        for _ in range(chance.randint(1, 12) if shape == "bursts" else 1):
            time_us = round(at_s * 1e6) if shape != "hours" else max(1, round(at_s / HOUR)) * 3_600_000_000
            told.append((min(time_us, round(UNTIL * 1e6)), chance.choice(KINDS), chance.choice(DEVICES)))
            at_s += chance.expovariate(1 / 300)
    chance.shuffle(told)
    return told


TOLD = st.builds(scattered, st.integers(0, 2**32), st.sampled_from([1, 2, 3, 10, 50, 150]), st.sampled_from(SHAPES))


@pytest.fixture(scope="session")
def np(require: Require) -> Any:
    """NumPy."""
    return require.module("numpy")


@pytest.fixture(scope="session")
def stats(require: Require) -> Any:
    """SciPy's statistics."""
    return require.module("scipy.stats")


def fed(here: StoreBench, told: Told) -> StoreBench:
    """The store after these events, in batches, as they came, while time goes on to ``UNTIL``."""
    events = [
        event(number, us / 1e6, kind, device=device, severity=severity_of(kind))
        for number, (us, kind, device) in enumerate(told, 1)
    ]
    for first in range(0, len(events), 16):
        here.batch(*events[first : first + 16], until=UNTIL * (first + 1) / (len(events) + 1))
    for left in (HOUR / 2, 0):  # windows that move on a little, and so are not counted anew
        here.batch(until=UNTIL - left)
    here.events += events
    return here


def begun(told: Told, kind: str) -> float:
    """Since when the devices of a type were observed: a message more than a day behind event time shows nothing."""
    first: dict[str | None, float] = {}
    for number, (us, _, device) in enumerate(told):
        now = UNTIL * (number // 16 * 16 - 16 + 1) / (len(told) + 1) if number >= 16 else None
        if now is None or now - DAY <= us / 1e6 <= now + DAY:
            first[device] = min(us / 1e6, first.get(device, UNTIL))
    of_type = {device for _, name, device in told if name == kind}
    known = [first[device] for device in of_type if device is not None and device in first]
    return min(known if len(known) == len(of_type) else first.values())


def severity_of(kind: str) -> Severity:
    return {"AC_POWER_LOSS": Severity.WARNING, "I2C_ERROR": Severity.ERROR}.get(kind, Severity.INFO)


def seconds(np: Any, told: Told, kind: str, device: str | None = "any") -> Any:
    """The times of a type, in order."""
    return np.sort([us / 1e6 for us, name, of in told if name == kind and device in ("any", of)])


@given(TOLD)
@few
def test_statistics_are_those_of_numpy_and_scipy(np: Any, stats: Any, told: Told) -> None:
    """Counts, averages, halves, the trend's p-value, pauses and their percentiles."""
    with bench() as here:
        answers = fed(here, told).ask("statistics", days=SPAN_DAYS)["statistics"]
    for found in answers:
        since = max(AFTER, begun(told, found["type"]))
        times = seconds(np, told, found["type"])
        inside = times[times > AFTER]
        seen = inside[inside >= since]
        middle = (round(since * 1e6) + round(UNTIL * 1e6)) // 2 / 1e6
        earlier, later = np.histogram(seen[seen > since], [since, np.nextafter(middle, np.inf), UNTIL])[0]
        expected: dict[str, Any] = {
            "total_count": times.size,
            "recent_count": inside.size,
            "observed_days": pytest.approx(max(1.0, (UNTIL - since) / DAY)),
            "daily_average": pytest.approx(seen.size / max(1.0, (UNTIL - since) / DAY)),
            "later_count": later,
        }
        assert expected == {name: found[name] for name in expected}
        assert seen.size - later - found["earlier_count"] in (0, (seen == since).sum())
        if earlier + later > POLICY.trend_min_events and UNTIL - since >= DAY:
            test = stats.binomtest(int(found["earlier_count"]), found["earlier_count"] + int(later), 0.5)
            assert test.pvalue == pytest.approx(found["p_value"], abs=1e-9)
        assert pauses_of(np, inside) == found["intervals"]


def pauses_of(np: Any, times: Any) -> dict[str, Any]:
    pauses = np.round(np.diff(times), 6)
    names = ("mean_s", "median_s", "p95_s", "shortest_s", "longest_s")
    if not pauses.size:
        return {**dict.fromkeys(names), "counted": 0}
    figures = (pauses.mean(), np.median(pauses), rank(np, pauses, 95), pauses.min(), pauses.max())
    return {name: pytest.approx(figure) for name, figure in zip(names, figures, strict=True)} | {"counted": pauses.size}


def rank(np: Any, values: Any, percent: int) -> float:
    return float(np.percentile(values, percent, method="inverted_cdf"))


@given(TOLD)
@few
def test_windows_are_counts_between_two_times(np: Any, told: Told) -> None:
    """The last hour and the last day of every counter, and the first and last there was."""
    with bench() as here:
        counters = fed(here, told).ask("counters")["counters"]
    for counter in counters:
        times = seconds(np, told, counter["type"])
        ends = np.searchsorted(times, [UNTIL - DAY, UNTIL - HOUR], side="right")
        assert (times.size, *(times.size - ends)) == (counter["total"], counter["last_day"], counter["last_hour"])


@given(TOLD)
@few
def test_outages_are_what_numpy_makes_of_the_times(np: Any, told: Told) -> None:
    """How many, in all, mean, median, percentile and longest: device by device, cut to the span."""
    with bench() as here:
        found = fed(here, told).statistics("AC_POWER_LOSS", days=SPAN_DAYS)["outages"]
    lasted, ongoing = [], 0
    for device in DEVICES:
        began, ended = (seconds(np, told, kind, device) for kind in KINDS[:2])
        free = -np.inf
        while (later := began[began > free]).size:
            ends = ended[ended >= later[0]]
            free = ends[0] if ends.size else np.inf
            if free > AFTER:
                lasted.append(min(free, UNTIL) - max(later[0], AFTER))
                ongoing += not ends.size
    assert (len(lasted), ongoing, True) == (found["count"], found["ongoing"], found["complete"])
    assert pytest.approx(np.sum(lasted), abs=1e-6) == found["total_s"]
    if lasted:
        figures = (np.mean(lasted), np.median(lasted), rank(np, lasted, 95), np.max(lasted))
        assert pytest.approx(figures, abs=1e-6) == tuple(
            found[name] for name in ("mean_s", "median_s", "p95_s", "longest_s")
        )


@given(TOLD)
@few
def test_frequencies_and_days_are_histograms(np: Any, told: Told) -> None:
    """By hour, by hour of the day, by day; the busiest hour; and what there is in an hour."""
    with bench() as here:
        fed(here, told)
        frequencies = here.ask("frequency", days=UNTIL_DAYS, hours=744)["types"]
        daily = here.ask("report", kind="trends", days=UNTIL_DAYS)["daily_counts"]
    for found in frequencies:
        since = begun(told, found["type"])
        times = seconds(np, told, found["type"])
        hours = np.bincount((times // HOUR).astype(int), minlength=UNTIL_DAYS * 24 + 24)
        by_day = hours[: UNTIL_DAYS * 24 + 24].reshape(-1, 24).sum(axis=1)

        assert (times >= since).sum() / max(1.0, (UNTIL - since) / HOUR) == pytest.approx(found["per_hour"])
        assert hours[hours > 0].tolist() == list(found["hours"].values())
        assert hours.max() == found["busiest"]["count"]
        assert hours[: UNTIL_DAYS * 24 + 24].reshape(-1, 24).sum(axis=0).tolist() == list(found["by_hour_of_day"])
        assert by_day[by_day > 0].tolist() == list(daily[found["type"]]["days"].values())


@given(TOLD)
@few
def test_categories_and_timeline_add_up_to_numpys_count(np: Any, told: Told) -> None:
    """Of all events in the span, whatever the pieces are."""
    with bench() as here:
        report = fed(here, told).ask("report", days=SPAN_DAYS)
    inside = np.count_nonzero(np.array([us for us, *_ in told]) > AFTER * 1e6)

    assert (
        inside
        == report["total_events"]
        == sum(one["total_count"] for one in report["event_categories"].values())
        == sum(one["count"] for one in report["event_types"])
        == sum(sum(piece["by_category"].values()) for piece in report["timeline"]["pieces"])
    )


@given(TOLD)
@few
def test_failures_are_runs_with_pauses_between_them(np: Any, told: Told) -> None:
    """Counted, spanned and told apart by pauses of more than ten minutes."""
    with bench() as here:
        found = fed(here, told).ask("failures", days=SPAN_DAYS, min_failures=2)["patterns"]
    of_devices = {device: seconds(np, told, "I2C_ERROR", device) for device in DEVICES}
    inside = {device: times[times > AFTER] for device, times in of_devices.items()}
    expected = {
        device: (times.size, 1 + np.count_nonzero(np.diff(times) > 600), pytest.approx(np.ptp(times), abs=1e-5))
        for device, times in inside.items()
        if times.size > 1
    }
    assert expected == {one["device"]: (one["failure_count"], one["episodes"], one["time_span_s"]) for one in found}


@given(TOLD)
@few
def test_the_score_is_a_weighted_sum_over_episodes(np: Any, told: Told) -> None:
    """Five an error, two a warning, evenly less over seven days, three episodes' worth of a type at most."""
    with bench(replace(POLICY, ended_by={}, health_formula="seed")) as here:
        health = fed(here, told).ask("health")
    lost = 0.0
    for kind, weight in (("I2C_ERROR", 5), ("AC_POWER_LOSS", 2)):
        ends = []
        for device in DEVICES:
            times = seconds(np, told, kind, device)
            ends += [times[np.append(np.diff(times) > 600, True)]] if times.size else []
        shares = np.clip(1 - (UNTIL - np.concatenate([*ends, [-np.inf]])) / (7 * DAY), 0, 1)
        lost += weight * min(3, shares.sum())
    assert 100 - lost == pytest.approx(health["score"], abs=0.5 + 1e-6)


@given(st.lists(st.floats(0, 1e4, allow_subnormal=False), min_size=1, max_size=60))
@few
def test_processing_times_are_numpys_percentiles(np: Any, milliseconds: list[float]) -> None:
    """Each one that was measured, of the events in the history that say so."""
    with bench() as here:
        here.batch(*(event(n, n, metadata={"processing_ms": each}) for n, each in enumerate(milliseconds, 1)), until=99)
        here.batch(event(99, 99), until=99)
        took = here.ask("performance")["processing"]
    figures = [rank(np, milliseconds, percent) for percent in (50, 95, 99)]

    assert [*figures, max(milliseconds), len(milliseconds)] == [
        took[name] for name in ("p50_ms", "p95_ms", "p99_ms", "longest_ms", "counted")
    ]


def test_ranks_are_numpys_for_every_length(np: Any) -> None:
    """No share of a length is off by one for a float's sake."""
    for length in range(1, 400):
        values = list(range(length))
        assert [rank(np, values, percent) for percent in (50, 95, 99)] == [
            nearest_rank(values, percent) for percent in (50, 95, 99)
        ]


@given(st.integers(0, 6000), st.floats(0, 1e6), st.integers(12, 200), st.floats(1, 30))
def test_the_chance_of_a_count_is_that_of_scipys_negative_binomial(
    stats: Any, count: int, total: float, hours: int, scatter: float
) -> None:
    """Twice the tail that it begins, wherever it lies."""
    expected = expect(total, hours, scatter)
    model = stats.nbinom(expected.size, 1 / expected.spread)
    tail = model.sf(count - 1) if count > expected.mean else model.cdf(count)

    assert min(1.0, 2 * tail) == pytest.approx(two_sided_p(count, expected), rel=1e-6, abs=1e-250)
    assert model.mean() == pytest.approx(expected.mean)
    assert model.var() == pytest.approx(expected.mean * expected.spread)


@pytest.mark.parametrize("hours", [12, 24, 168])
@pytest.mark.parametrize("rate", [0.02, 0.3, 2.0, 10.0, 100.0])
def test_chance_alone_is_unusual_less_often_than_is_said(np: Any, stats: Any, rate: float, hours: int) -> None:
    """Whatever the rate: SciPy's Poisson probability of all counts that would be told, after histories by chance."""
    chance = np.random.default_rng(7)
    counts = [int(each) for each in np.arange(0, rate + 12 * rate**0.5 + 20)]
    wrong = []
    for _ in range(15):
        before = chance.poisson(rate, hours).tolist()
        told = [each for each in counts if is_told(each, before)]
        wrong.append(stats.poisson.pmf(told, rate).sum())
    assert np.mean(wrong) < CHANCE


def is_told(count: int, before: Sequence[int]) -> bool:
    off = abs(count - sorted(before)[len(before) // 2])
    return abs(scatters(count, before)) > FAR and off >= LEAST and chance_of(count, before) < CHANCE


@given(st.integers(0, 10**6))
@settings(max_examples=8)
def test_anomalies_are_those_numpy_and_scipy_find(np: Any, stats: Any, seed: int) -> None:
    """In three weeks of events stored: every hour of the last day by median, deviation and tail."""
    chance, days = random.Random(seed), 21  # noqa: S311 - repeatable
    usual = chance.choice([0.05, 1.0])
    events: list[Event] = []
    for hour in range(days * 24):
        wild = chance.random() < (0.2 if hour > (days - 1) * 24 else 0.06)
        number = chance.randint(2, 12) if wild else sum(chance.random() < usual / 5 for _ in range(5))
        seen = sorted(chance.uniform(hour * HOUR, (hour + 1) * HOUR - 1) for _ in range(number))
        events += [event(len(events) + n, second) for n, second in enumerate(seen, 1)]
    with bench() as here:
        here.batch(event(10**7, 0, "SYSTEM_STARTUP"), *events, until=days * DAY)
        found = here.ask("anomalies", hours=24, types=["AC_POWER_LOSS"])["anomalies"]
    counts = np.bincount([int((time_to_us(one.time) // 3_600_000_000) - NOW_H) for one in events], minlength=days * 24)
    hours = range((days - 1) * 24, days * 24)
    expected = {hour: figures for hour in hours if (figures := anomaly(np, stats, counts, hour))}
    assert expected == {
        round((datetime.fromisoformat(one["hour"]) - START).total_seconds() / HOUR): (
            *(one["count"], one["usual"], one["score"], one["p_value"]),
        )
        for one in found
    }


def anomaly(np: Any, stats: Any, counts: Any, hour: int) -> tuple[Any, ...] | None:
    """Said once more, with NumPy and SciPy: the same hour of the day, for three weeks have too few of the week's."""
    before = counts[hour - 24 :: -24][: 7 * 8]
    levels = 2 * np.sqrt(before + 3 / 8)
    scatter = max(1.0, stats.median_abs_deviation(levels, scale="normal"))
    score = (2 * np.sqrt(counts[hour] + 3 / 8) - np.median(levels)) / scatter
    ends = np.maximum(0, np.median(levels) + 4 * scatter * np.array([-1, 1]))
    kept = np.clip(before, *np.maximum(0, (ends / 2) ** 2 - 3 / 8))
    mean, spread = (kept.sum() + 0.5) / before.size, scatter**2 * (1 + 1 / before.size)
    model = stats.nbinom(mean / (spread - 1), 1 / spread)
    p_value = 2 * min(model.sf(counts[hour] - 1), model.cdf(counts[hour]))
    if p_value >= CHANCE or abs(score) <= FAR or abs(counts[hour] - np.median(before)) < LEAST:
        return None
    return counts[hour], np.median(before), pytest.approx(score, abs=0.011), pytest.approx(p_value, rel=1e-3)
