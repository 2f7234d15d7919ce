"""The filters: what passes, what does not, and that every end is counted."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from services.event_processor.core.pipeline.event_context import Pipeline
from services.event_processor.core.pipeline.token_bucket import Bucket, draw
from shared.messages import Severity
from tests.support.event_flow import CRITICAL, event, passed, planned

SECOND_US = 1_000_000
EVERYTHING_SHUT = {
    "filters": {
        "at_least": "critical",
        "never": ["#"],
        "zones": ["zone1"],
        "rate_limits": [{"types": "#", "per_minute": 0.001}],
    }
}


def test_as_shipped_everything_passes():
    """No filter, no loss."""
    pipeline = Pipeline(planned())

    assert 3 == len(passed(pipeline, [event(0), event(0, "sensor.temperature"), event(0, "device.error")]))
    assert {"received": 3, "passed": 3} == pipeline.counts


def test_a_critical_event_passes_every_filter():
    """A11.10: priority, type, zone and rate together cannot stop it."""
    pipeline = Pipeline(planned(EVERYTHING_SHUT))
    burst = [event(n / 100, "THERMAL_SHUTDOWN", zone="elsewhere") for n in range(50)]

    assert burst == passed(pipeline, burst)


def test_an_event_made_critical_passes_too():
    """It is the event's severity that counts, not its type's."""
    assert 1 == len(passed(Pipeline(planned(EVERYTHING_SHUT)), [event(0, "device.error", severity=CRITICAL)]))


def test_every_drop_is_counted_by_its_reason():
    """A11.7: received is what passed and what each filter kept back."""
    rules = {
        "filters": {
            "at_least": "warning",
            "never": ["TEMPERATURE_HIGH"],
            "zones": ["zone1"],
            "rate_limits": [{"types": "I2C_ERROR", "per_minute": 1}],
        }
    }
    pipeline = Pipeline(planned(rules))
    low = event(0, "sensor.temperature")
    passed(pipeline, [low, event(0, "TEMPERATURE_HIGH"), event(0, zone="zone2"), event(0), event(1), event(2)])

    ends = {"filter.priority": 1, "filter.type": 1, "filter.zone": 1, "filter.rate": 2, "received": 6, "passed": 1}
    assert ends == pipeline.counts


def test_only_lets_nothing_else_pass():
    """Types that are not named are kept back."""
    pipeline = Pipeline(planned({"filters": {"only": ["sensor/+"]}}))

    assert ["sensor.vpd"] == [e.type for e in passed(pipeline, [event(0), event(0, "sensor.vpd")])]


def test_an_event_without_a_zone_passes_the_zone_filter():
    """It is the whole system's."""
    assert 1 == len(passed(Pipeline(planned({"filters": {"zones": ["zone1"]}})), [event(0)]))


def test_one_that_chatters_starves_nobody_else():
    """A11.11: a bucket for each type and source."""
    pipeline = Pipeline(planned({"filters": {"rate_limits": [{"types": "sensor/+", "per_minute": 6, "burst": 2}]}}))
    chatter = [event(n / 10, "sensor.temperature", "loud") for n in range(100)]
    others = [event(5, "sensor.temperature", "calm"), event(5, "sensor.humidity", "loud")]

    told = Counter((e.device, e.type) for e in passed(pipeline, sorted(chatter + others, key=lambda e: e.time)))
    wanted = {("loud", "sensor.temperature"): 2, ("calm", "sensor.temperature"): 1, ("loud", "sensor.humidity"): 1}
    assert wanted == told


def test_what_passes_says_how_many_were_kept_back_before_it():
    """So the latest reading stands for those between."""
    pipeline = Pipeline(planned({"filters": {"rate_limits": [{"types": "sensor/+", "per_minute": 60}]}}))
    found = passed(pipeline, [event(n / 4, "sensor.temperature") for n in range(9)])

    assert [None, 3, 3] == [e.metadata.get("skipped_before") for e in found]


def test_the_memory_of_rates_is_bounded():
    """A11.39: the source heard longest ago goes first."""
    rules = {"filters": {"rate_limits": [{"types": "#", "per_minute": 1}], "rate_limit_sources": 3}}
    pipeline = Pipeline(planned(rules))
    passed(pipeline, [event(0, device=f"d{n}") for n in range(1000)])

    assert ["d997", "d998", "d999"] == [source for _, source in pipeline.buckets]


@settings(deadline=None)
@given(st.lists(st.integers(0, 120 * SECOND_US), max_size=80), st.integers(1, 5), st.integers(1, 60))
def test_no_more_than_burst_and_rate_ever_pass(times: list[int], burst: int, per_minute: int):
    """A law of the bucket, whatever the order of times."""
    bucket: Bucket | None = None
    passes = 0
    for time_us in times:
        bucket, may = draw(bucket, per_minute, burst, time_us)
        passes += may

    span_us = max(times, default=0) - (times[0] if times else 0)
    assert passes <= burst + max(0, span_us) * per_minute / 60 / SECOND_US + 1e-6


def test_severities_rank_as_they_are_listed():
    """At least error: warnings do not pass."""
    pipeline = Pipeline(planned({"filters": {"at_least": "error"}}))
    found = passed(pipeline, [event(n, severity=severity) for n, severity in enumerate(Severity)])

    assert [Severity.ERROR, Severity.CRITICAL] == [e.severity for e in found]
