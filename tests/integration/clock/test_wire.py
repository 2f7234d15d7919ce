"""The same over the wire: real hops, promises and all, with services that die, sleep and are cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache

import pytest

from services.alerter.app import ROUTE as ALERTER
from services.counter_store.app import ROUTE as STORE
from services.event_processor.app import ROUTE as PROCESSOR
from services.sensor_reader.app import ROUTE as READER
from tests.support.clock_house import OUTAGES, QUIET, SUITE, House
from tests.support.clock_world import SERVICES, Poll, Result


def play(
    polls: Sequence[Poll],
    steps: Mapping[int, float] | None = None,
    starts: Mapping[int, str] | None = None,
    asleep: Mapping[str, range] | None = None,
) -> Result:
    """Play polls; before poll n the clock steps, a service starts anew, and some are asleep."""
    with ExitStack() as stack:
        house = House(stack)
        house.turn()
        for number, poll in enumerate(polls):
            house.asleep = [name for name, when in (asleep or {}).items() if number in when]
            if starts and number in starts:
                house.start(starts[number])
            house.poll(poll, (steps or {}).get(number, 0.0))
        house.asleep = ()
        house.settle()
        return house.result()


@cache
def straight() -> Result:
    """What comes of it where nothing happens to the clock."""
    return play([*OUTAGES, *QUIET])


def test_the_scene_has_something_to_lose() -> None:
    """Ten outages, an alert that fires, a window that some of them have left."""
    assert (10, 4, 10) == straight().counters["AC_POWER_LOSS"]
    assert ["firing"] == [state for state, _ in straight().transitions["hourly_rate/AC_POWER_LOSS"]]


@pytest.mark.parametrize("step_s", [10_800.0, -10_800.0])
@pytest.mark.parametrize("at", [3, 4, 20, 59, 65])
def test_a_step_changes_nothing(at: int, step_s: float) -> None:
    """Three hours, either way; everybody's event time follows."""
    assert replace(straight(), jumps=1) == play([*OUTAGES, *QUIET], {at: step_s})


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("late", [0, 1, 2])
def test_a_service_that_dies_about_the_step_changes_nothing(name: str, late: int) -> None:
    """Just before the jump, with it, or just after it."""
    steps = {20: -10_800.0, 22: 7200.0, 40: 90_000.0}
    starts = {number + late - 1: name for number in steps}

    assert replace(straight(), jumps=3) == play([*OUTAGES, *QUIET], steps, starts)


@pytest.mark.parametrize("step_s", [0.0, -10_800.0, 10_800.0])
@pytest.mark.parametrize("names", [("alerter",), ("counter_store", "alerter"), ("event_processor",)])
def test_who_is_cut_off_for_an_hour_comes_to_the_same(names: tuple[str, ...], step_s: float) -> None:
    """An hour of readings late and in order, also with a jump in it: as if it had been live."""
    result = play([*OUTAGES, *QUIET], {30: step_s} if step_s else {}, asleep={name: range(10, 73) for name in names})

    assert replace(straight(), jumps=1 if step_s else 0) == result


def test_a_promise_of_before_the_jump_is_not_kept_after_it() -> None:
    """A status from before a step back, read again after it, would put windows hours ahead."""
    with ExitStack() as stack:
        house = House(stack)
        house.turn()
        for _ in range(5):
            house.poll(Poll(10, mains=True), 0.0)
        topic = SUITE.topics.build("status", PROCESSOR.name)
        before = house.broker.retained[topic]
        house.poll(Poll(10, mains=True), -10_800.0)
        house.settle()
        for name in (STORE.name, ALERTER.name):
            house.start(name)
        house.broker.route(before)
        house.turn()

        assert {house.hops[READER.name].time.now} == {house.hops[name].time.now for name in SERVICES}
