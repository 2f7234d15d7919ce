"""What the store takes for observed: that much time averages go by, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from shared.jumps import CLOCK_JUMP
from tests.support.store_bench import DAY, HOUR, StoreBench, bench
from tests.support.store_messages import at, event, frame
from tests.unit.counter_store.test_jump import by

OBSERVED = ("observed_days", "daily_average", "earlier_count", "later_count", "trend")


def observed(here: StoreBench, days: int = 30, **more: Any) -> dict[str, Any]:
    found = here.statistics(days=days, **more)
    return {name: found[name] for name in OBSERVED}


def test_history_that_somebody_plays_was_not_observed() -> None:
    """Played events are told with times of then: nobody watched from there on."""
    events = [event(n, 2 * DAY + n * HOUR) for n in range(1, 9)]
    with bench() as here:
        here.batch(*events, until=4 * DAY)
        expected = observed(here)
        here.batch(event(9, -20 * DAY, metadata={"replayed": True}), until=4 * DAY)

        assert expected == observed(here)


def test_an_event_that_comes_again_was_observed_once() -> None:
    """Its time is one of before the clock was put on; what lies between was no time."""
    with bench() as here:
        here.batch(event(1, 0), until=HOUR)
        here.batch(event(2, HOUR + 9 * DAY, CLOCK_JUMP, data=by(9 * DAY).values()), until=HOUR + 9 * DAY)
        expected = observed(here)
        here.batch(event(1, 0), until=HOUR + 9 * DAY)

        assert expected == observed(here)


@pytest.mark.parametrize("step", [-3 * DAY, 3 * DAY])
def test_a_jump_is_told_by_the_clock_as_it_is_then(step: float) -> None:
    """So it is itself not moved: two days have been observed, whichever way the clock went."""
    with bench() as here:
        here.batch(frame(1, 0), until=DAY)
        here.batch(event(1, DAY + step, CLOCK_JUMP, data=by(step).values()), until=DAY + step)
        here.batch(event(2, 2 * DAY + step), until=2 * DAY + step)

        assert 2.0 == observed(here)["observed_days"]


def test_what_is_yet_to_come_is_not_quiet() -> None:
    """Asked as of a time that has not come, all is of what was, and no empty hour is unusual."""
    ahead = {"as_of": at(15 * DAY).isoformat()}
    with bench() as here:
        here.batch(*(event(n, n * HOUR / 4) for n in range(1, 14 * 96)), until=14 * DAY)
        expected, (rate,) = observed(here, days=14), here.ask("frequency", days=14)["types"]

        assert expected == observed(here, days=15, **ahead)
        assert rate["per_hour"] == here.ask("frequency", days=15, **ahead)["types"][0]["per_hour"]
        assert expected["observed_days"] == here.ask("report", days=15, **ahead)["observed_days"]
        assert [] == here.ask("anomalies", hours=48, **ahead)["anomalies"]


def test_an_event_of_a_time_to_come_is_in_the_span_and_in_no_average() -> None:
    """A clock that runs ahead told it."""
    with bench() as here:
        here.batch(event(1, DAY), event(2, 2 * DAY), event(3, 5 * DAY), until=3 * DAY)
        found = here.statistics(days=7, as_of=at(6 * DAY).isoformat())

        assert (3, 2.0, 1.0) == (found["recent_count"], found["observed_days"], found["daily_average"])
