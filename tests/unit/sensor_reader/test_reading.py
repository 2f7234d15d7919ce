"""What a part's values may be: those of a known quantity by its range, any other by what a sensor can measure."""

from __future__ import annotations

import pytest

from services.sensor_reader.core.reading import within_range


@pytest.mark.parametrize(
    ("values", "left_out"),
    [
        ({"battery_voltage": 1e300}, "battery_voltage 1e+300 V is outside 0 to 1000 V"),
        ({"of_my_own": 1e300}, "of_my_own 1e+300 is outside -9.22337e+18 to 9.22337e+18"),
        ({"of_my_own": -(2.0**64)}, "of_my_own -1.84467e+19 is outside -9.22337e+18 to 9.22337e+18"),
    ],
)
def test_a_number_beyond_all_measurement_is_left_out(values: dict[str, float], left_out: str) -> None:
    """The frame would be refused whole by all who read it."""
    good, doubts = within_range({"battery_current": 1.0, **values})

    assert {"battery_current": 1.0} == good
    assert [("implausible", left_out)] == [(doubt.code, doubt.detail) for doubt in doubts]


def test_words_flags_and_numbers_of_ones_own_stay() -> None:
    values = {"of_my_own": -1.5, "count": 2**40, "open": True, "mode": "auto"}

    assert (values, ()) == within_range(values)
