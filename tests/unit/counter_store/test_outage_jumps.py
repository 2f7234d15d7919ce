"""Outages as long as they were: by what their events report, and where the clock was put."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.jumps import CLOCK_JUMP, Jump
from tests.support.store_bench import DAY, HOUR, StoreBench, bench
from tests.support.store_messages import at, event
from tests.unit.counter_store.test_jump import by

STEPS = [-3 * HOUR, 3 * HOUR, 400 * DAY]
END = "AC_POWER_RESTORED"


def jump(here: StoreBench, second: float, step: float) -> None:
    """At this second the clock is put on; what comes after is told by it."""
    told = event(99, second + step, CLOCK_JUMP, data=by(step).values())
    here.batch(told, until=second + step)


def figures(here: StoreBench, **data: Any) -> tuple[int, int, float]:
    found = here.statistics(**data)["outages"]
    return found["count"], found["ongoing"], found["total_s"]


@pytest.mark.parametrize("step", STEPS)
def test_outages_after_a_jump_are_in_the_span(step: float) -> None:
    """One that is over, one that lasts."""
    with bench() as here:
        here.batch(until=DAY)
        jump(here, DAY, step)
        here.batch(event(1, DAY + step + 60), event(2, DAY + step + 360, END), event(3, DAY + step + 600))
        here.batch(until=DAY + step + 700)

        assert (2, 1, 400.0) == figures(here, days=1)


@pytest.mark.parametrize("step", STEPS)
def test_an_outage_lasts_no_longer_for_a_jump_in_it(step: float) -> None:
    """Four hours and then five, while it lasts and when it is over."""
    with bench() as here:
        here.batch(event(1, DAY), until=DAY)
        jump(here, DAY + 300, step)
        here.batch(until=DAY + step + 4 * HOUR)
        lasting = figures(here, days=1)
        here.batch(event(2, DAY + step + 5 * HOUR, END), until=DAY + step + 6 * HOUR)

        assert ((1, 1, 4 * HOUR), (1, 0, 5 * HOUR)) == (lasting, figures(here, days=1))


@pytest.mark.parametrize("step", STEPS)
def test_an_outage_of_before_a_jump_stays_where_it_was(step: float) -> None:
    """As of then it was in that day, and it still is."""
    with bench() as here:
        here.batch(event(1, DAY), event(2, DAY + 60, END), until=DAY + 120)
        jump(here, 20 * DAY, step)

        assert (1, 0, 60.0) == figures(here, days=1, as_of="2026-01-02T00:02:00Z")


def test_what_a_right_clock_dated_stays_where_it_was() -> None:
    """Days before a boot whose clock was wrong: the jump moves what that boot told, and no outage of before."""
    with bench() as here:
        here.batch(event(1, 0), event(2, 4 * DAY, device="rack"), event(3, 4 * DAY + 60, END, device="rack"))
        here.batch(until=5 * DAY)
        only = Jump(timedelta(days=9), at(5 * DAY - 1), timedelta(0))
        here.batch(event(4, 14 * DAY, CLOCK_JUMP, data=only.values()), until=15 * DAY)

        assert (2, 1, 15 * DAY + 60) == figures(here, days=30)


@pytest.mark.parametrize("step", [0, *STEPS])
def test_an_outage_is_as_long_as_the_event_of_its_end_says(step: float) -> None:
    """Both events come once they are confirmed: 2 s after the mains went, and 5 s after they came back."""
    with bench() as here:
        here.batch(event(1, DAY + 2, data={"since": str(at(DAY))}), until=DAY + 30)
        lasting = figures(here, days=1)
        if step:
            jump(here, DAY + 40, step)
        ended = {"since": str(at(DAY + step + 5 * HOUR - 5)), "outage_s": 5 * HOUR - 5.0}
        here.batch(event(2, DAY + step + 5 * HOUR, END, data=ended), until=DAY + step + 6 * HOUR)

        assert ((1, 1, 30.0), (1, 0, 5 * HOUR - 5)) == (lasting, figures(here, days=1))


@pytest.mark.parametrize(
    ("since", "lasted"), [("no time", -1), ("2026-01-02", "75"), (None, None), ([1], [75]), (str(at(3 * DAY)), 1e99)]
)
def test_what_an_event_says_that_cannot_be_is_passed_over(since: Any, lasted: Any) -> None:
    """Then the times of the events count; and no outage outlasts the event of its end."""
    with bench() as here:
        here.batch(event(1, DAY, data={"since": since}), until=DAY)
        here.batch(event(2, DAY + 80, END, data={"outage_s": lasted}), until=DAY + 100)

        assert (1, 0, 80.0) == figures(here, days=1)


def test_outages_do_not_overlap_whatever_their_events_say() -> None:
    """The second says that it began before the first was over."""
    with bench() as here:
        here.batch(event(1, DAY), event(2, DAY + 60, END, data={"outage_s": 1e6}))
        here.batch(event(3, DAY + 100, data={"since": str(at(0))}), until=DAY + 110)

        assert (2, 1, 110.0) == figures(here, days=1)
