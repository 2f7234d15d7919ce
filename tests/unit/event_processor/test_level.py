"""Thresholds and sensors' limits."""

import pytest

from shared.messages import Severity
from tests.support.scenarios import configured, frame, run, series, told

HOT = "RULES__THRESHOLDS__"


@pytest.mark.parametrize("channel", ["cpu_temperature", "board_temperature", "battery_temperature"])
def test_any_of_three_temperatures_over_60_degrees_is_high(channel: str):
    """For 30 s: told at the frame that completes them."""
    assert [("TEMPERATURE_HIGH", 35)] == told(series(channel, (5, 50), (60, 60.1)))


@pytest.mark.parametrize(("value", "seconds"), [(60.0, 100), (60.1, 30)], ids=["at the level", "a frame short"])
def test_just_short_of_high_is_nothing(value: float, seconds: float):
    """60.0 °C is not above 60 °C, and thirty frames span 29 s."""
    assert [] == told(series("cpu_temperature", (5, 50), (seconds, value), (5, 50)))


def test_heat_must_pass_before_it_counts_again():
    """Down to 56 °C it is one spell; below 55 °C for 30 s it is over."""
    still_hot = series("cpu_temperature", (40, 61), (100, 56), (40, 61))
    cooled = series("cpu_temperature", (40, 61), (31, 54.9), (40, 61))

    assert [("TEMPERATURE_HIGH", 30)] == told(still_hot)
    assert ["TEMPERATURE_HIGH", "TEMPERATURE_NORMAL", "TEMPERATURE_HIGH"] == [name for name, _ in told(cooled)]


def test_two_hot_channels_are_two_events_with_two_ids():
    """The rule's name is part of the cause."""
    events, state = run(series("cpu_temperature", (40, 61), board_temperature=70))

    assert 2 == len({event.id for event in events})
    assert ("cpu_hot", "board_hot") == state.active


def test_a_threshold_may_have_a_clearing_event():
    """``cleared`` names its type; how long the spell lasted is told."""
    compiled = configured(**{f"{HOT}CPU_HOT__CLEARED": "sensor.threshold.cleared"})
    high, cleared = run(series("cpu_temperature", (40, 61), (40, 50)), compiled)[0]

    assert ("TEMPERATURE_HIGH", 61, 60.0) == (high.type, high.data["value"], high.data["threshold"])
    assert (50, 55.0, 40) == (cleared.data["value"], cleared.data["threshold"], cleared.data["lasted_s"])


def test_a_threshold_below_works_the_other_way():
    """Soil gone dry."""
    dry = "{channel: soil_moisture, below: 20, clear: 25, event: device.error, cleared: device.state.changed}"
    compiled = configured(RULES__THRESHOLDS__DRY=dry)
    frames = [frame(n, soil_moisture=v) for n, v in enumerate((20, 19.9, 25, 25.1))]

    assert [("device.error", 1), ("device.state.changed", 3)] == [
        found for found in told(frames, compiled) if not found[0].startswith("sensor.")
    ]


def test_a_gated_threshold_enters_only_through_an_open_gate():
    """With the mains there it is not entered, without them it is."""
    compiled = configured(RULES__THRESHOLDS__CPU_HOT__ONLY_WHILE="discharging")

    assert [] == told(series("cpu_temperature", (60, 70), ac_present=True), compiled)
    assert ["TEMPERATURE_HIGH"] == [
        name for name, _ in told(series("cpu_temperature", (60, 70), ac_present=False), compiled) if name[0] == "T"
    ]


def test_a_rule_may_be_kept_to_some_devices():
    """Elsewhere it does not apply."""
    compiled = configured(RULES__THRESHOLDS__CPU_HOT__DEVICES="[host]")
    frames = [frame(n, device, cpu_temperature=70) for device in ("ups", "host") for n in range(60)]

    assert [] == told(frames[:60], compiled)
    assert [("TEMPERATURE_HIGH", 30)] == told(frames[60:], compiled)


def test_a_limit_tells_sensor_value_threshold_direction_and_severity():
    """The fields of sensor.threshold.exceeded."""
    compiled = configured(RULES__LIMITS__CO2_HIGH__SEVERITY="error")
    events, _ = run(series("co2", (300, 1600.4), step_s=60), compiled)
    exceeded = next(event for event in events if event.type == "sensor.threshold.exceeded")

    assert {
        "sensor_id": "ups.co2",
        "value": 1600.0,
        "unit": "ppm",
        "threshold": 1500.0,
        "direction": "above",
        "since": "2026-01-31T12:00:00.000000Z",
        "severity": "error",
    } == exceeded.data
    assert Severity.ERROR == exceeded.severity


def test_a_limit_clears_below_its_clearing_level():
    """At 1300 ppm it still holds; at 1199 for a minute it is cleared."""
    frames = series("co2", (180, 1600), (180, 1300), (180, 1199), step_s=60)

    assert [("sensor.threshold.exceeded", 60), ("sensor.threshold.cleared", 420)] == [
        found for found in told(frames) if found[0] != "sensor.co2"
    ]


@pytest.mark.parametrize(
    ("channel", "value"), [("air_temperature", 35.1), ("relative_humidity", 80.1), ("co2", 1500.1)]
)
def test_the_shipped_limits(channel: str, value: float):
    """35 °C, 80 % and 1500 ppm, for a minute."""
    level = round(value - 0.1, 1)

    assert 1 == [name for name, _ in told(series(channel, (120, value), step_s=60))].count("sensor.threshold.exceeded")
    assert 0 == [name for name, _ in told(series(channel, (120, level), step_s=60))].count("sensor.threshold.exceeded")


def test_a_gate_that_shuts_ends_nothing():
    """What was entered clears by its value alone; a dip too short to clear it is passed over."""
    compiled = configured(
        RULES__THRESHOLDS__CPU_HOT__ONLY_WHILE="discharging", RULES__THRESHOLDS__CPU_HOT__CLEARED="device.error"
    )
    hot = [frame(n, cpu_temperature=50 if 50 <= n < 55 else 70, ac_present=n >= 40) for n in range(150)]

    assert "device.error" not in dict(told(hot, compiled))
