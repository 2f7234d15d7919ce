"""Real hardware's recordings give exactly the events that happened."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.scenarios import recorded, run

pytestmark = pytest.mark.recordings


def test_the_discharge_crosses_its_level_27_times_and_is_one_low(recording: Callable[[str], Path]):
    """Mains gone, 4.1 hours, until the board died: BATTERY_LOW once, and nothing else."""
    frames = list(recorded(recording("ups_hat_discharge_2021.csv"), "ups"))
    volts = [float(frame.values["battery_voltage"]) for frame in frames]

    assert 27 == sum(a >= 3.6 > b for a, b in pairwise(volts))
    assert {"BATTERY_LOW": 1} == Counter(event.type for event in run(frames)[0])


def test_the_room_is_all_readings_and_one_spell_of_bad_air(recording: Callable[[str], Path]):
    """8,143 readings of four sensors and the VPD of two; CO2 over 1500 ppm once, on the afternoon of 9 February."""
    events, _ = run(recorded(recording("room_climate_2015.csv"), "room"))
    sensors = dict.fromkeys(("temperature", "humidity", "illuminance", "co2", "vpd"), 8143)

    assert {
        **{f"sensor.{kind}": count for kind, count in sensors.items()},
        "sensor.threshold.exceeded": 1,
        "sensor.threshold.cleared": 1,
    } == Counter(event.type for event in events)
    assert ["2015-02-09 14:51", "2015-02-09 19:23"] == [
        event.time.strftime("%Y-%m-%d %H:%M") for event in events if event.type.startswith("sensor.threshold")
    ]
