"""The wall clock beside the uptime: which differences are jumps, within a boot and from boot to boot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sensor_reader.core.clock_drift import ClockDrift, compare_clocks, jump_frame
from services.sensor_reader.core.ports import ClockMark, Instant
from shared.jumps import CLOCK_STEP, Jump

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def at(wall_s: float, uptime_s: float, clock: ClockMark | None = "set") -> Instant:
    return Instant(NOON + seconds(wall_s), uptime_s, clock)


def through(*polls: tuple[str, Instant]) -> list[Jump | None]:
    """Return what lies before each poll; the course goes through the ledger each time."""
    course: ClockDrift | None = None
    found = []
    for boot, instant in polls:
        course, jump = compare_clocks(course, boot, instant)
        course = ClockDrift.from_json(course.to_json())
        found.append(jump)
    return found


@pytest.mark.parametrize(
    ("gained_s", "told"),
    [(0, False), (1, False), (-1, False), (1.000001, True), (-1.000001, True), (10_800, True), (-10_800, True)],
)
def test_more_than_a_second_is_a_jump(gained_s: float, told: bool) -> None:
    """A leap second is none; three hours are one, either way."""
    jumps = through(("b1", at(0, 100)), ("b1", at(5 + gained_s, 105)))

    assert [None, Jump(seconds(gained_s)) if told else None] == jumps


def test_a_slow_drift_is_no_jump() -> None:
    """Each poll is held to the one before, so that what is small never adds up to one."""
    assert {None} == set(through(*(("b1", at(count * 60.5, count * 60)) for count in range(100))))


def test_each_of_several_jumps_is_reported() -> None:
    """Once, where it was."""
    jumps = through(("b1", at(0, 0)), ("b1", at(101, 1)), ("b1", at(102, 2)), ("b1", at(3, 3)))

    assert [None, Jump(seconds(100)), None, Jump(seconds(-100))] == jumps


def test_a_clock_once_set_stays_set() -> None:
    """After nine hours offline the kernel doubts it, and it is still not the clock of a start."""
    course, _ = compare_clocks(None, "b1", at(0, 0, "set"))
    course, _ = compare_clocks(course, "b1", at(1, 1, "unset"))

    assert "set" == course.instant.clock


def test_a_boot_with_the_clock_right_is_no_jump() -> None:
    """The machine was off for as long as the clock says."""
    assert [None, None] == through(("b1", at(0, 500)), ("b2", at(3600, 10)))


def test_a_boot_behind_the_last_frame_is_a_jump_back_to_where_it_starts() -> None:
    """How long it was off nobody knows, whatever the clock claims to be."""
    for clock in ("set", "unset", None):
        assert [None, Jump(seconds(-2580))] == through(("b1", at(0, 500)), ("b2", at(-2580, 10, clock)))


def test_a_clock_set_after_the_boot_leaves_what_was_dated_before_it_in_its_place() -> None:
    """Off for two hours, booted where it stopped: only this boot's times move."""
    jumps = through(("b1", at(0, 500)), ("b2", at(5, 10, "unset")), ("b2", at(7230, 40, "set")), ("b2", at(7231, 41)))

    assert [None, None, Jump(seconds(7195), NOON + seconds(5), seconds(0)), None] == jumps


def test_what_a_boot_behind_moved_back_is_given_back() -> None:
    """43 minutes back at the boot, 44 on when the clock is set: what was told before is where it was."""
    jumps = through(("b1", at(0, 500)), ("b2", at(-2580, 10, "unset")), ("b2", at(90, 40, "set")))

    assert [None, Jump(seconds(-2580)), Jump(seconds(2640), NOON - seconds(2580), seconds(2580))] == jumps


def test_two_boots_without_a_clock_are_set_right_together() -> None:
    """The times of both move, those before both do not."""
    first, second = at(5, 10, "unset"), at(50, 10, "unset")
    jumps = through(("b1", at(0, 500)), ("b2", first), ("b3", second), ("b3", at(3660, 20, "set")))

    assert Jump(seconds(3600), first.time, seconds(0)) == jumps[-1]


def test_order_is_kept_where_the_clock_turns_out_to_have_been_ahead() -> None:
    """Nothing told before the boot comes after what was told in it."""
    jumps = through(("b1", at(0, 500)), ("b2", at(60, 10, "unset")), ("b2", at(-580, 20, "set")))

    assert Jump(seconds(-650), NOON + seconds(60), seconds(-590)) == jumps[-1]


def test_a_clock_that_comes_to_be_set_without_a_step_was_right() -> None:
    """From then on a jump moves everything."""
    jumps = through(("b1", at(0, 500)), ("b2", at(5, 1, "unset")), ("b2", at(6, 2, "set")), ("b2", at(107, 3, "set")))

    assert Jump(seconds(100)) == jumps[-1]


@given(st.lists(st.tuples(st.booleans(), st.integers(-9000, 9000), st.integers(1, 60), st.booleans())))
def test_time_never_goes_back_but_by_a_jump(polls: list[tuple[bool, int, int, bool]]) -> None:
    """Each poll lies after the one before as a jump moves it; and what moves keeps its order."""
    wall_s, uptime_s, boot, course = 0.0, 0.0, 0, None
    told = [NOON]
    for reboots, step_s, passes_s, is_set in polls:
        boot, uptime_s = (boot + 1, 1.0) if reboots else (boot, uptime_s + passes_s)
        wall_s += passes_s + step_s
        course, jump = compare_clocks(course, f"b{boot}", at(wall_s, uptime_s, "set" if is_set else "unset"))
        if jump is not None:
            told = [jump.moved(time) for time in told]
        told.append(course.instant.time)

    assert told[1:] == sorted(told[1:])


def test_the_frame_tells_the_jump() -> None:
    """At the time by the new clock, of the device that is the machine itself."""
    frame = jump_frame(Jump(seconds(60)), NOON)

    assert ("system", NOON, {CLOCK_STEP: 60.0}) == (frame.device, frame.time, frame.values)
