"""What the store takes for observed: that much time averages go by, and no more."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from services.counter_store.core.counting.observation import MAX_SOURCES, Observation
from shared.instants import time_to_us
from shared.jumps import CLOCK_JUMP
from shared.requests import Command
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
def test_a_jump_is_dated_by_the_clock_as_it_is_then(step: float) -> None:
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


def test_one_offer_dated_a_year_ago_changes_no_average() -> None:
    """Neither its own type's nor that of any other: a bad clock is no observation of a year."""
    with bench() as here:
        here.batch(frame(1, 0), *(event(n, n * HOUR) for n in range(1, 200)), until=200 * HOUR)
        before = here.statistics(days=365), here.ask("frequency", days=366)["types"][0]["per_hour"]
        report = here.ask("report", days=365)
        for number, device in ((900, "ups"), (901, "boiler"), (902, None)):
            here.batch(event(number, -365 * DAY + 60, "AC_POWER_LOSS", device=device), until=200 * HOUR)
        after = here.statistics(days=365), here.ask("frequency", days=366)["types"][0]["per_hour"]

        names = ("observed_since", "observed_days", "daily_average", "earlier_count", "later_count", "trend")
        assert [before[0][name] for name in names] == [after[0][name] for name in names]
        assert before[1] == after[1]
        assert report["observed_days"] == here.ask("report", days=365)["observed_days"]
        assert before[0]["total_count"] + 3 == after[0]["total_count"]


def test_each_source_is_observed_since_its_own_first_message() -> None:
    """A sensor that was added yesterday has a day of averages, not a month."""
    with bench() as here:
        here.batch(frame(1, 0), event(1, DAY), until=27 * DAY)
        here.batch(frame(2, 28 * DAY, device="tent"), until=28 * DAY)
        here.batch(*(event(n, 28 * DAY + n * HOUR, "VPD_HIGH", device="tent") for n in range(2, 6)), until=30 * DAY)
        tent, ups = here.statistics("VPD_HIGH"), here.statistics()

        assert (2.0, 2.0) == (tent["observed_days"], tent["daily_average"])
        assert (at(28 * DAY), at(0)) == tuple(datetime.fromisoformat(one["observed_since"]) for one in (tent, ups))
        assert 30.0 == ups["observed_days"]


def test_no_trend_is_stated_of_less_than_a_day() -> None:
    """Forty events in the second half of ten seconds are no trend."""
    with bench() as here:
        here.batch(frame(1, 0), *(event(n, 6 + n / 100) for n in range(1, 41)), until=10)
        assert ("insufficient_data", None) == tuple(here.statistics()[name] for name in ("trend", "p_value"))

        here.batch(*(event(n, 20 * HOUR + n) for n in range(41, 200)), until=DAY)
        assert "increasing" == here.statistics()["trend"]


def test_an_import_was_observed_however_old_it_is() -> None:
    """An operator brings a history of years; it is not taken for a bad clock."""
    with bench() as here:
        here.batch(frame(1, 0), until=DAY)
        old = event(7, -300 * DAY).model_dump(mode="json")
        here.store.execute(
            Command(id="i", target="counter_store", name="import", data={"origin": "o", "label": "l", "events": [old]})
        )
        here.batch(until=DAY)

        assert 301.0 == here.statistics(days=365)["observed_days"]


def test_an_older_ledger_keeps_what_it_knew() -> None:
    """One time for all sources, as it was kept."""
    with bench() as here:
        here.batch(frame(1, 0), event(1, DAY), until=3 * DAY)
        kept = json.loads(here.ledger.get("counter_store/times") or b"{}")
        del kept["observed"]
        here.ledger.put("counter_store/times", json.dumps(kept | {"observed_us": time_to_us(at(DAY))}).encode())

        assert 2.0 == StoreBench(here.ledger).statistics()["observed_days"]


def test_sources_are_bounded() -> None:
    """A hundred thousand device names make a thousand entries, and change no source that was known before."""
    found = Observation({})
    found.add("ups", 0, 0)
    for number in range(100_000):
        found.add(f"device-{number}", 10**9 + number, 10**9)

    assert MAX_SOURCES + 1 >= len(found.rows())
    assert 0 == found.since_of(["ups"])
