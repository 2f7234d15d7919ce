"""Alerts and health as points."""

from __future__ import annotations

from typing import Any

from services.counter_store.core.influx.retained_points import alert_to_line, health_to_line
from shared.messages import Alert, AlertState, Severity
from tests.support.fakes.point_store import parse_line
from tests.support.store_messages import START, START_NS


def alert(key: str = "BATTERY_LOW", **more: Any) -> Alert:
    given: dict[str, Any] = {
        "rule": "hourly_rate",
        "key": key,
        "state": AlertState.FIRING,
        "severity": Severity.ERROR,
        "since": START,
        "time": START,
        "value": 3,
        "threshold": 2,
        "window_s": 3600,
        "reason": "above",
        "message": f"{key}: 3 in 1 hour",
    }
    return Alert(**(given | more))


def test_an_alert_is_one_line() -> None:
    """As the schema has it: the key and the message are fields, the numbers are floats."""
    point = parse_line(str(alert_to_line(alert(), "home")))
    assert (
        "alert",
        (("rule", "hourly_rate"), ("severity", "error"), ("site", "home"), ("state", "firing")),
    ) == point.series
    assert {
        "key": "BATTERY_LOW",
        "value": 3.0,
        "threshold": 2.0,
        "message": "BATTERY_LOW: 3 in 1 hour",
    } == point.fields
    assert START_NS // 1000 == point.time_ns // 1000


def test_the_same_change_reported_twice_is_one_point() -> None:
    """Retained messages come again after every reconnect."""
    assert alert_to_line(alert(), "home") == alert_to_line(alert(), "home")


def test_two_keys_that_change_together_are_two_points() -> None:
    """They share every tag and the microsecond."""
    lines = [str(alert_to_line(alert(key), "home")) for key in ("BATTERY_LOW", "BATTERY_CRITICAL", "AC_POWER_LOSS")]
    assert 3 == len({parse_line(line).time_ns for line in lines})


def test_health_is_one_line() -> None:
    """At the time of the calculation; a score is a float also where it is whole."""
    assert f'health,site=home score=90.0,grade="A" {START_NS}' == health_to_line("home", 90, "A", START)
