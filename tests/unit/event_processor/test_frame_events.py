"""What a single frame says outright: signals, errors, readings."""

import pytest

from shared.messages import Frame, Quality
from tests.support.scenarios import NACK, at, configured, frame, run


@pytest.mark.parametrize(("word", "event"), [("started", "SYSTEM_STARTUP"), ("stopped", "SYSTEM_SHUTDOWN")])
def test_every_lifecycle_frame_is_an_event(word: str, event: str):
    """Two starts are two events: there is no edge between runs."""
    events, _ = run(frame(n, "system", lifecycle=word, clean=True, boot_id="b1") for n in range(2))

    assert [event, event] == [found.type for found in events]
    assert {"clean": True, "boot_id": "b1"} == events[0].data


def test_another_word_is_no_signal():
    """Only what a rule names."""
    assert [] == run([frame(0, "system", lifecycle="paused")])[0]


@pytest.mark.parametrize("quality", list(Quality))
def test_a_failed_poll_is_one_i2c_error_however_many_chips_failed(quality: Quality):
    """Also where nothing could be read at all."""
    events, _ = run([Frame(time=at(0), device="ups", quality=quality, errors=(NACK, NACK))])

    assert ["I2C_ERROR"] == [event.type for event in events]
    assert (2, "nack", "max17048@0x36") == (
        events[0].data["count"],
        events[0].data["errors"][0]["code"],
        events[0].data["errors"][1]["chip"],
    )


def test_a_frame_without_errors_is_no_error():
    """Whatever its quality."""
    assert [] == run([frame(0, quality=Quality.BAD)])[0]


def test_every_sensor_channel_is_a_reading():
    """Power channels and unknown ones are none."""
    values = {"air_temperature": 23.456, "relative_humidity": 40, "battery_voltage": 4.1, "wind": 3.0, "co2": 721.2}
    events, _ = run([Frame(time=at(0), device="room", zone="zone1", values=values)])

    assert ["sensor.temperature", "sensor.humidity", "sensor.co2", "sensor.vpd"] == [event.type for event in events]
    assert {"sensor_id": "room.air_temperature", "value": 23.46, "unit": "°C", "quality": "good"} == events[0].data
    assert "zone1" == events[0].zone


def test_a_reading_of_a_suspect_frame_says_so():
    """It is still a reading."""
    assert "suspect" == run([frame(0, quality=Quality.SUSPECT, co2=500)])[0][0].data["quality"]


@pytest.mark.parametrize("quality", [Quality.BAD, Quality.STALE])
def test_there_is_no_reading_of_what_cannot_be_believed(quality: Quality):
    """Neither bad nor stale."""
    assert [] == run([frame(0, quality=quality, co2=500)])[0]


@pytest.mark.parametrize("value", [True, "high"])
def test_there_is_no_reading_of_what_is_no_number(value: bool | str):
    """True is not 1 ppm."""
    assert [] == run([frame(0, co2=value)])[0]


def test_a_channel_may_be_left_out_of_the_readings():
    """``except_for``."""
    compiled = configured(RULES__READINGS__EXCEPT_FOR="[illuminance]")

    assert ["sensor.co2"] == [event.type for event in run([frame(0, co2=500, illuminance=3)], compiled)[0]]
