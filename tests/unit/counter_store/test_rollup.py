"""Hourly means, held against the readings they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.adapters.tables.open_hours import OpenHours
from shared.ledger import Ledger
from shared.messages import Frame, Quality, Scalar
from tests.support.fakes.point_store import ParsedPoint, parse_line
from tests.support.store_messages import START_NS, frame

HOUR_S = 3600


def reading(number: int, minutes: float, values: dict[str, Scalar], device: str = "ups", **more: Any) -> Frame:
    return frame(number, minutes * 60, values, device=device, **more)


def hours(frames: Iterable[Frame], sizes: Sequence[int] = ()) -> list[ParsedPoint]:
    """Every point, the store dying after each batch of the given sizes."""
    waiting, found = list(frames), []
    with closing(Ledger(":memory:")) as ledger:
        for size in [*sizes, len(waiting)]:
            batch, waiting = waiting[:size], waiting[size:]
            table = OpenHours(ledger)
            found += [line for given in batch for line in table.fold(given, "home")]
            with ledger.transaction():
                table.save()
    return [parse_line(line) for line in found]


def test_an_hour_is_published_when_the_next_one_begins() -> None:
    """Mean, least and greatest, at the start of the hour, with how many frames it is made of."""
    frames = [reading(n, minutes, {"v": v}) for n, minutes, v in ((1, 0, 3), (2, 30, 4), (3, 59.99, 8), (4, 60, 100))]
    (point,) = hours(frames)
    assert ("reading_1h", (("device", "ups"), ("site", "home"))) == point.series
    assert {"frames": 3, "v_mean": 5.0, "v_min": 3.0, "v_max": 8.0} == point.fields
    assert START_NS + 1 == point.time_ns


def test_a_boolean_counts_as_the_share_of_true_and_a_text_not_at_all() -> None:
    """So mains that were there for three of four readings are 0.75."""
    frames = [reading(n, n, {"ac_present": n > 0, "mode": "eco"}) for n in range(4)]
    (point,) = hours([*frames, reading(4, 60, {"ac_present": True})])
    assert {"frames": 4, "ac_present_mean": 0.75, "ac_present_min": 0.0, "ac_present_max": 1.0} == point.fields


def test_what_is_bad_has_no_part_in_a_mean() -> None:
    """Nor has a frame without numbers: a failed poll."""
    frames = [
        reading(1, 0, {"v": 1}),
        reading(2, 1, {"v": 99}, quality=Quality.BAD),
        reading(3, 2, {}),
        reading(4, 61, {"v": 1}),
    ]
    assert [{"frames": 1, "v_mean": 1.0, "v_min": 1.0, "v_max": 1.0}] == [point.fields for point in hours(frames)]


@pytest.mark.parametrize(("minutes", "told"), [(119.9, []), (120, ["ups"])])
def test_the_last_hour_of_a_silent_device_is_published_with_anothers(minutes: float, told: list[str]) -> None:
    """An hour after its end: until then its own frames may still come."""
    points = hours([reading(1, 5, {"v": 1}), reading(2, minutes, {"v": 1}, device="rack")])
    assert told == [dict(point.series[1])["device"] for point in points]


def test_a_clock_put_back_makes_an_hour_of_two_pieces() -> None:
    """Neither takes the other's place."""
    frames = [reading(n, minutes, {"v": float(n)}) for n, minutes in ((1, 10), (2, 70), (3, 20), (4, 65))]
    first, second, third = hours(frames)
    assert START_NS // HOUR_S == first.time_ns // HOUR_S == third.time_ns // HOUR_S
    assert first.time_ns != third.time_ns
    assert [1, 1, 1] == [point.fields["frames"] for point in (first, second, third)]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(-1000, 1000)), min_size=1, max_size=60),
    st.lists(st.integers(0, 20), max_size=6),
)
def test_no_reading_is_left_out_or_counted_twice(steps: list[tuple[int, int]], sizes: list[int]) -> None:
    """Whatever the pauses and wherever the store dies: the hours are those of all readings at once."""
    minutes, frames, expected = 0, [], {}
    for number, (pause, value) in enumerate(steps):
        minutes += pause
        frames.append(reading(number, minutes, {"v": value}))
        expected.setdefault(minutes // 60, []).append(float(value))
    del expected[minutes // 60]  # the last one is still under way
    found = {(point.time_ns - START_NS) // (HOUR_S * 10**9): point.fields for point in hours(frames, sizes)}
    assert {
        hour: {
            "frames": len(values),
            "v_mean": pytest.approx(fmean(values)),
            "v_min": min(values),
            "v_max": max(values),
        }
        for hour, values in expected.items()
    } == found
