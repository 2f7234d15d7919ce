"""What an alert says of its condition, and a resolved one of what resolved it (issue 14.8)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.alerter_harness import Play, playing

ALERTS = (Path(__file__).parents[3] / "config" / "alerts.yaml").read_text(encoding="utf-8")
DUE, DONE = "sensor.maintenance.calibration_due", "CALIBRATION_PERFORMED"


def due(play: Play, at_s: float, channel: str, days: float = 31) -> None:
    play.event(at_s, DUE, "system", sensor_id="room", channel=channel, days_overdue=days)


def test_a_calibration_clears_the_channel_it_calibrated_and_no_other() -> None:
    """Both are the same device's."""
    with playing(ALERTS) as play:
        due(play, 0, "co2")
        due(play, 0, "air_temperature")
        play.event(5, DONE, "system", sensor_id="room", channel="co2")
        rows = [row for row in play.timeline() if row[1] == "resolved"]
        assert [("sensor_calibration_overdue/room.co2", "resolved", 5.0)] == rows


@pytest.mark.parametrize("done", [{"sensor_id": "room", "channel": "co2"}, {"sensor_id": "room.co2"}])
def test_both_ways_to_name_a_sensor_are_one(done: dict[str, str]) -> None:
    """The processor's own rule says ``room.co2``, the reader ``room`` and ``co2``."""
    with playing(ALERTS) as play:
        play.event(0, DUE, "room", sensor_id="room.co2", days_overdue=42)
        play.event(5, DONE, "system", **done)
        assert ("sensor_calibration_overdue/room.co2", "resolved", 5.0) == play.timeline()[-1]


def test_a_calibration_without_a_sensor_clears_nothing() -> None:
    """A missing key never widens what is done."""
    with playing(ALERTS) as play:
        due(play, 0, "co2")
        play.event(5, DONE, None)
        assert "resolved" not in {state for _, state, _ in play.timeline()}


def cleared(play: Play) -> None:
    play.event(0, "x", value=31)
    play.event(5, "y")


def back(play: Play) -> None:
    play.event(0, "x", value=31)
    play.event(5, "x", value=29)


def no_more(play: Play) -> None:
    play.event(0, "x", value=31)
    play.until(61)


def on_mains(play: Play) -> None:
    play.event(0, "x", value=31, power="battery")
    play.event(5, "x", value=31, power="mains")


COMPARE = "compare: {type: x, above: 30, cleared_by: [y], lasts: 60s, only_while: ['power=~\"|battery\"']}"
DEVIATION = "deviation: {type: x, target: 20.0, percent: 10, cleared_by: [y], lasts: 60s}"
LIMIT = "no longer beyond the limit of 30"


@pytest.mark.parametrize(
    ("condition", "happens", "said"),
    [
        (COMPARE, cleared, "cleared by y"),
        (COMPARE, back, LIMIT),
        (COMPARE, no_more, "not seen again for 1 min"),
        (COMPARE, on_mains, 'no longer judged: power=~"|battery" does not hold'),
        (DEVIATION, cleared, "cleared by y"),
        (DEVIATION, no_more, "not seen again for 1 min"),
    ],
)
def test_the_text_says_what_resolved_it(condition: str, happens: Callable[[Play], None], said: str) -> None:
    """A clearing event, a good value, silence, and a condition that no longer applies are four things."""
    with playing(f"rules: {{r: {{{condition}}}}}") as play:
        happens(play)
        alert = play.retained("r", "d1")
        assert alert is not None
        assert ("resolved", said) == (alert.state.value, alert.message.rsplit(", ", 1)[1])


@pytest.mark.parametrize(("state", "said"), [("online", "it is back"), ("stopped", "it was stopped on purpose")])
def test_a_service_that_was_stopped_is_not_back(state: str, said: str) -> None:
    """Two ends, two texts."""
    with playing("rules: {gone: {offline: {}}}", wall=True) as play:
        play.service("counter_store", "offline")
        play.tick(5)
        play.service("counter_store", state)
        alert = play.retained("gone", "counter_store")
        assert alert is not None
        assert f"counter_store: {state}, {said}" == alert.message


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("compare: {state: '*', field: power, equals: battery}, for: 1m", "power is battery, for 1 min"),
        ("compare: {state: '*', field: alarm, differs: false}", "alarm is not false"),
        ("compare: {state: '*', field: load, above: 90}", None),
        ("deviation: {state: '*', field: load, target: 20.0, percent: 10}", None),
        (
            "prediction: {state: '*', field: load, reaches: 5, within: 10m, over: 10m, reported: left}",
            "load at 5 in less than 10 min",
        ),
        ("absence: {state: '*', after: 10m, missed_readings: 3}", "nothing for 10 min and 3 readings missed"),
        ("count: {type: x, more_than: 0, within: 1m}", None),
    ],
)
def test_an_alert_says_what_its_rule_waits_for_where_a_number_does_not(rule: str, said: str | None) -> None:
    """Nobody can read "value 1, limit 1" of a state."""
    with playing(f"rules: {{r: {{{rule}}}}}") as play:
        assert [said] == [
            None if each.condition.measures else each.wants for one in play.alerter.alert_sets for each in one.rules
        ]
