"""The dwell: what turns a latch, and what does not."""

import math
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.event_processor.core.device.latch import OFF, Latch, debounce, stamp
from tests.support.scenarios import START, at


def _turned_at(targets: list[bool], dwell_s: float, step_s: float = 1) -> list[int]:
    """Return the steps at which a latch turned."""
    latch, found = OFF, []
    for step, target in enumerate(targets):
        new = debounce(latch, target, dwell_s, at(step * step_s), timedelta(seconds=step_s if step else 0))
        if new.on != latch.on:
            found.append(step)
        latch = new
    return found


def test_turns_when_the_dwell_is_full():
    """A dwell of 3 s that begins at second 0 is full at second 3."""
    assert [3] == _turned_at([True] * 5, 3)


def test_does_not_turn_just_short_of_the_dwell():
    """Three frames a second apart span only 2 s."""
    assert [] == _turned_at([True] * 3, 3)


def test_a_break_begins_the_dwell_anew():
    """One frame to the contrary takes all time back."""
    assert [5] == _turned_at([True, True, False, True, True, True], 2)


def test_no_dwell_turns_at_once():
    """A dwell of 0 s needs one frame."""
    assert [0] == _turned_at([True], 0)


def test_tenths_of_a_second_add_up_exactly():
    """Thirty steps of 0.1 s are 3 s, without a rounding error that would cost a frame."""
    assert [30] == _turned_at([True] * 40, 3, step_s=0.1)


def test_an_endless_dwell_keeps_its_clock_running():
    """A hold does not turn the latch and does not lose the time."""
    latch = debounce(Latch(True, START), False, math.inf, at(1), timedelta(seconds=1))
    latch = debounce(latch, False, math.inf, at(31), timedelta(seconds=30))

    assert (True, at(1), timedelta(seconds=30)) == (latch.on, latch.pending, latch.held)


def test_begins_when_it_was_first_wished_for():
    """``began`` is the first frame of the dwell, not the one that confirmed it."""
    latch = debounce(debounce(OFF, True, 2, at(0), timedelta(0)), True, 2, at(2), timedelta(seconds=2))

    assert Latch(True, at(0)) == latch


def test_unbroken_peace_makes_no_new_latch():
    """The quiet path allocates nothing."""
    assert OFF is debounce(OFF, False, 1, at(0), timedelta(seconds=1))


def test_times_are_stamped_with_microseconds_and_z():
    """The wire form of a time inside data."""
    assert "2026-01-31T12:00:00.000000Z" == stamp(START)


@settings(deadline=None)
@given(
    on=st.booleans(),
    began=st.none() | st.integers(0, 10**12),
    pending=st.none() | st.integers(0, 10**12),
    held_us=st.integers(0, 10**12),
)
def test_json_gives_the_latch_back(on: bool, began: int | None, pending: int | None, held_us: int):
    """to_json and from_json are inverses, to the microsecond."""
    times = [None if micros is None else START + timedelta(microseconds=micros) for micros in (began, pending)]
    latch = Latch(on, times[0], times[1], timedelta(microseconds=held_us))

    assert latch == Latch.from_json(latch.to_json())
