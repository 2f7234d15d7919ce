"""Pacing: when a frame is let go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.sensor_reader.core.sources.pace import Pace

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("speed", "expected"), [(1.0, 110.0), (10.0, 101.0), (0.5, 120.0), (None, 100.0)])
def test_speed_divides_the_time_between_frames(speed: float | None, expected: float) -> None:
    """Ten seconds later in the recording is 10/speed later here, or at once without a speed."""
    assert expected == Pace(speed, FIRST, 100.0).release_at(FIRST + timedelta(seconds=10))


def test_a_frame_from_before_the_first_goes_at_once() -> None:
    """A recording whose time steps back does not wait, nor goes before its start."""
    assert Pace(1.0, FIRST, 100.0).release_at(FIRST - timedelta(hours=1)) == 100.0
