"""The health check: a verdict a component, and the worst of them."""

import pytest

from services.event_processor.core.pipeline.analysis import anomalies, rates, upper_tail
from services.event_processor.core.pipeline.health import HandlerVitals, Vitals, examine
from services.event_processor.core.pipeline.rules import Queue
from shared.messages import Quality
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


def test_a_handler_is_told_by_what_it_did():
    """A11.35: attempts, share of failures, last success; never that it is registered."""
    told = examine(Vitals(handlers={"a": HandlerVitals(attempts=4, failures=1, last_success="then")}), QUEUE)

    assert (4, 0.25, "then") == tuple(told["handlers"]["a"][k] for k in ("attempts", "error_rate", "last_success"))


def test_a_rate_is_events_by_hours():
    """A11.32: twelve in four hours are three an hour, however many there are."""
    counts = {(hour, "a"): 3 for hour in range(100, 104)}

    assert {"a": 3.0} == rates(counts, 104, 0.0, 24)
    assert {"a": 1.0} == rates({(101, "a"): 4, (90, "b"): 1}, 104, 0.0, 4)


def test_a_young_rate_is_divided_by_the_time_there_is():
    """And by a quarter of an hour at least: one event in the first second is no thousand an hour."""
    assert {"a": 4.0} == rates({(100, "a"): 1}, 100, 0.0, 24)
    assert {"a": 2.0} == rates({(100, "a"): 1}, 100, 0.5, 24)


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
