"""What a jump of the clock says, and what it does to times told before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jumps import IN_FRAME, Jump, read_jump

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPANS = st.timedeltas(timedelta(days=-30_000), timedelta(days=30_000))
JUMPS = st.builds(Jump, SPANS) | st.builds(Jump, SPANS, st.datetimes(timezones=st.just(UTC)), SPANS)


@given(JUMPS)
def test_what_is_reported_is_read_back(jump: Jump) -> None:
    """To the microsecond, in a frame and in an event."""
    framed = {IN_FRAME + name: value for name, value in jump.values().items()}

    assert (jump, jump) == (read_jump(jump.values()), read_jump(framed, IN_FRAME))


def test_everything_moves_by_the_step() -> None:
    """Unless it says otherwise."""
    assert (NOON + HOUR, NOON - HOUR) == (Jump(HOUR).moved(NOON), Jump(-HOUR).moved(NOON))


def test_what_a_right_clock_dated_keeps_its_place() -> None:
    """Before ``since`` it moves by ``earlier``; at ``since`` by the step."""
    jump = Jump(HOUR, NOON, timedelta(minutes=1))
    before = NOON - timedelta(microseconds=1)

    assert (before + timedelta(minutes=1), NOON + HOUR) == (jump.moved(before), jump.moved(NOON))


def test_a_time_does_not_leave_the_calendar() -> None:
    """It stays where it is."""
    first = datetime(1, 1, 1, tzinfo=UTC)

    assert first == Jump(-HOUR).moved(first)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"step_s": "60"},
        {"step_s": True},
        {"step_s": 1e300},
        {"step_s": float("nan")},
        {"step_s": 60.0, "since": "yesterday", "earlier_s": 0.0},
        {"step_s": 60.0, "since": NOON.isoformat()},
    ],
)
def test_nonsense_is_no_jump(values: dict[str, object]) -> None:
    """Nothing moves by a number that is none."""
    assert None is read_jump(values)
