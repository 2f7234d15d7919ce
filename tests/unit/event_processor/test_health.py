"""The health check: a verdict a component, and the worst of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.event_processor.adapters.analytics import SCHEMA, Analytics
from services.event_processor.core.pipeline.analysis import anomalies, rates, upper_tail
from services.event_processor.core.pipeline.health import HandlerVitals, Vitals, examine
from services.event_processor.core.pipeline.rules import Queue
from shared.instants import time_to_us
from shared.ledger.ledger import Ledger
from shared.messages import Event, Quality
from tests.conftest import Require

QUEUE = Queue(most=100)


@pytest.mark.parametrize(
    ("vitals", "component", "verdict"),
    [
        (Vitals(), "queue", "healthy"),
        (Vitals(waiting=80), "queue", "healthy"),
        (Vitals(waiting=81), "queue", "warning"),
        (Vitals(waiting=100), "queue", "critical"),
        (Vitals(waiting=1, oldest_s=301), "queue", "warning"),
        (Vitals(handlers={"a": HandlerVitals(attempts=9, failures=3)}), "handlers", "healthy"),
        (Vitals(handlers={"a": HandlerVitals(failures_in_a_row=1)}), "handlers", "warning"),
        (Vitals(handlers={"a": HandlerVitals(gave_up_last=True), "b": HandlerVitals()}), "handlers", "critical"),
        (Vitals(handlers={"a": HandlerVitals(stuck=True)}), "handlers", "critical"),
        (Vitals(free_bytes=600_000_000), "storage", "healthy"),
        (Vitals(free_bytes=400_000_000), "storage", "warning"),
        (Vitals(free_bytes=4_000_000), "storage", "critical"),
        (Vitals(lag=20_000), "performance", "warning"),
        (Vitals(services={"alerter": "online", "gateway": "stopped"}), "controllers", "warning"),
        (Vitals(services={"alerter": "offline"}), "controllers", "critical"),
        (Vitals(devices={"ups": Quality.GOOD, "room": Quality.STALE}), "sensors", "warning"),
        (Vitals(devices={"ups": Quality.BAD}), "sensors", "critical"),
    ],
)
def test_a_component_is_as_its_figures_say_and_overall_is_the_worst(vitals: Vitals, component: str, verdict: str):
    """A11.37: never healthy with a part that is not. A11.36: an age counts as well as a fill."""
    told = examine(vitals, QUEUE)

    assert (verdict, verdict) == (told["component_status"][component], told["overall_status"])


def test_a_handlers_health_goes_by_what_it_did():
    """A11.35: attempts, share of failures, last success; never that it is registered."""
    told = examine(Vitals(handlers={"a": HandlerVitals(attempts=4, failures=1, last_success="then")}), QUEUE)

    assert (4, 0.25, "then") == tuple(told["handlers"]["a"][k] for k in ("attempts", "error_rate", "last_success"))


def test_a_rate_is_events_by_hours():
    """A11.32: twelve in four hours are three an hour, however many there are."""
    counts = {(hour, "a"): 3 for hour in range(100, 104)}

    assert {"a": 3.0} == rates(counts, 104, 0.0, 24, 100.0)
    assert {"a": 1.0} == rates({(101, "a"): 4, (90, "b"): 1}, 104, 0.0, 4, 90.0)


def test_a_young_rate_is_divided_by_the_time_there_is():
    """And by a quarter of an hour at least: one event in the first second is no thousand an hour."""
    assert {"a": 4.0} == rates({(100, "a"): 1}, 100, 0.0, 24, 100.0)
    assert {"a": 2.0} == rates({(100, "a"): 1}, 100, 0.5, 24, 100.0)


def test_a_rate_is_divided_by_the_time_observed_and_not_since_the_full_hour():
    """Begun at 10:40, asked at 11:10: half an hour, in which three are six an hour."""
    assert {"a": 6.0} == rates({(100, "a"): 1, (101, "a"): 2}, 101, 10 / 60, 24, 100 + 40 / 60)


@pytest.mark.parametrize(("before", "hours", "expected"), [
    ((), 24, 3.0),  # two within 40 minutes
    ((timedelta(days=-365),), 24, 3.0),  # one bad clock widens no span
    ((timedelta(hours=-3, minutes=-20),), 24, 0.75),  # observed for four hours
    ((timedelta(hours=-3, minutes=-20),), 1, 2 / (1 + 10 / 60)),  # the hour under way and the one before it
])  # fmt: skip
def test_analytics_know_since_when_they_observe(
    before: tuple[timedelta, ...], hours: int, expected: float, tmp_path: Path
):
    """14.13: also after a restart, and not since the full hour."""
    began = datetime(2026, 1, 31, 10, 30, tzinfo=UTC)
    ledger = Ledger(tmp_path / "ledger.sqlite", (SCHEMA,))
    for moment in (began + timedelta(minutes=20), *(began + span for span in before), began):
        analytics = Analytics(ledger)
        with ledger.transaction():
            analytics.note(Event.model_construct(type="AC_POWER_LOSS", time=moment))
            analytics.flush()
    rate = Analytics(ledger).answer(time_to_us(began + timedelta(minutes=40)), hours)["event_frequency"]
    ledger.close()

    assert pytest.approx({"AC_POWER_LOSS": expected}, abs=1e-3) == rate


def test_an_hour_stands_out_when_chance_would_not_make_it():
    """Thirty where two are usual; three are not."""
    usual = {(hour, "a"): 2 for hour in range(90, 100)}

    assert [] == anomalies({**usual, (100, "a"): 3}, 100, 1.0)
    assert ["a"] == [each["type"] for each in anomalies({**usual, (100, "a"): 30}, 100, 1.0)]


def test_without_history_nothing_stands_out():
    """Six hours of it."""
    assert [] == anomalies({(100, "a"): 1000}, 100, 1.0)


def test_the_upper_tail_is_poissons(require: Require):
    """Held against scipy."""
    poisson = require.module("scipy.stats").poisson

    for mean in (0.1, 2.0, 30.0):
        for count in (0, 1, 2, 5, 30, 80):
            assert upper_tail(count, mean) == pytest.approx(poisson.sf(count - 1, mean), rel=1e-9, abs=1e-15)
