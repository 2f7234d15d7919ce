"""Calibration: exact at its pairs, monotonic between and beyond, kept beside what was read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.sensor_reader.core.calibration.model import Calibration, CalibrationError, calibrated
from shared.messages import Frame

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NUMBER = st.floats(-1000, 1000).map(lambda x: round(x, 3))


def made(*pairs: tuple[float, float], channel: str = "air_temperature", **more: float) -> Calibration:
    return Calibration(channel, pairs, "ada", NOON, **more)


@st.composite
def calibrations(draw: st.DrawFn) -> Calibration:
    reads = sorted(draw(st.lists(st.integers(-500, 500), min_size=1, max_size=8, unique=True)))
    trues = sorted(draw(st.lists(st.integers(-500, 500), min_size=len(reads), max_size=len(reads), unique=True)))
    return made(*zip(map(float, reads), map(float, trues), strict=True))


@given(calibrations())
def test_at_its_pairs_a_calibration_says_what_was_measured(calibration: Calibration) -> None:
    assert [true for _, true in calibration.pairs] == pytest.approx(
        [calibration.apply(r) for r, _ in calibration.pairs]
    )


@given(calibrations(), NUMBER, NUMBER)
def test_more_read_is_never_less_true(calibration: Calibration, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert calibration.apply(low) <= calibration.apply(high)


@given(NUMBER, st.floats(0.5, 2).map(lambda g: round(g, 3)), NUMBER)
def test_a_line_is_gain_and_offset(offset: float, gain: float, read: float) -> None:
    calibration = Calibration.line("co2", offset, gain, "ada", NOON)
    assert read * gain + offset == pytest.approx(calibration.apply(read), abs=1e-5)


def test_beyond_its_pairs_the_nearest_line_goes_on() -> None:
    calibration = made((0, 1), (10, 12), (20, 20))
    assert [-0.1, 24.0] == [calibration.apply(-1), calibration.apply(25)]


def test_a_calibration_survives_the_ledger() -> None:
    calibration = made((0, 1), (10, 12), due_days=365)
    assert calibration == Calibration.from_json(calibration.to_json())


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ((), "has 0 pairs; 1 to 32"),
        (((1, 1), (1, 2)), r"\(1, 1\) before \(1, 2\)"),
        (((1, 5), (2, 4)), r"\(1, 5\) before \(2, 4\)"),
    ],
    ids=["none", "twice", "falling"],
)
def test_pairs_that_cannot_be_are_refused_with_why(pairs: tuple[tuple[float, float], ...], words: str) -> None:
    with pytest.raises(CalibrationError, match=words):
        made(*pairs)


def test_a_further_pair_takes_the_place_of_one_at_the_same_reading() -> None:
    calibration = made((0, 1)).with_pair(10, 12, "bob", NOON).with_pair(0, 2, "eve", NOON)
    assert (((0, 2), (10, 12)), "eve") == (calibration.pairs, calibration.by)


def test_it_is_overdue_after_its_days_and_not_at_them() -> None:
    calibration = made((0, 1), due_days=30)
    at = NOON + timedelta(days=30)
    assert (None, 1.5, None) == (
        calibration.overdue_days(at),
        calibration.overdue_days(at + timedelta(hours=36)),
        made((0, 1)).overdue_days(at),
    )


def test_a_frame_holds_what_is_true_and_what_was_read() -> None:
    frame = calibrated(Frame(time=NOON, device="d", values={"air_temperature": 20.0, "co2": 400.0}), [made((0, -0.5))])
    assert {"air_temperature": 19.5, "co2": 400.0} == frame.values
    assert {"air_temperature": 20.0} == frame.uncalibrated


@given(st.floats(3, 13).map(lambda v: round(v, 3)), st.floats(-5, 5).map(lambda a: round(a, 3)))
def test_what_follows_from_a_channel_follows_its_calibration(volts: float, amperes: float) -> None:
    assume(amperes != 0)
    values = {
        "battery_voltage": volts,
        "battery_current": amperes,
        "cell_voltage": volts / 3,
        "battery_power": volts * amperes,
    }
    sign = Calibration.line("battery_current", 0.0, 2.0, "ada", NOON)
    frame = calibrated(Frame(time=NOON, device="d", values=values), [made((0, 0.1), channel="battery_voltage"), sign])
    assert (volts + 0.1) / 3 == pytest.approx(frame.values["cell_voltage"], abs=1e-5)
    assert (volts + 0.1) * 2 * amperes == pytest.approx(frame.values["battery_power"], abs=1e-4)


def test_a_frame_without_the_channel_is_left_as_it_is() -> None:
    frame = Frame(time=NOON, device="d", values={"co2": 400.0})
    assert frame is calibrated(frame, [made((0, 1))])
