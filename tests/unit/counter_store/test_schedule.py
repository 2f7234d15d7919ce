"""Which reports are due: by event time, each period once, what was missed made up for within bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.core.reports.schedule import DAYS, MOST, Kind, Period, due, reached
from shared.instants import time_to_us

MONDAY = datetime(2026, 2, 2, tzinfo=UTC)
DAY_US = 86_400_000_000


def us(days: float) -> int:
    """So many days after a Monday."""
    return time_to_us(MONDAY + timedelta(days=days))


def names(kinds: tuple[Kind, ...], made: dict[Kind, int], observed: float, as_of: float) -> list[str]:
    return [period.name for period in due(kinds, made, us(observed), us(as_of))]


def test_a_day_is_due_when_event_time_has_reached_its_end() -> None:
    """Not a microsecond before."""
    assert [] == due(("daily",), {}, us(0.5), us(1) - 1)
    (period,) = due(("daily",), {}, us(0.5), us(1))

    assert ("2026-02-02", MONDAY, MONDAY + timedelta(days=1)) == (period.name, period.since, period.until)
    assert MONDAY + timedelta(days=1, microseconds=-1) == period.last


def test_a_week_is_from_monday_to_sunday_and_has_its_iso_name() -> None:
    """2026-02-02 began ISO week 6; the last days of a year may be of the next one's first week."""
    assert ["2026-W06"] == names(("weekly",), {}, 3, 7)
    assert "2026-W01" == Period("weekly", time_to_us(datetime(2026, 1, 5, tzinfo=UTC))).name


def test_nothing_is_reported_of_the_time_before_anything_was_observed() -> None:
    """A new store begins with the day it begins in."""
    assert ["2026-02-05"] == names(("daily",), {}, 3.9, 4.1)


def test_what_was_missed_is_made_up_for_once_the_newest_of_it() -> None:
    """Three days away: three reports; a year away: a month of them."""
    assert ["2026-02-03", "2026-02-04", "2026-02-05"] == names(("daily",), {"daily": us(1)}, 0, 4.5)
    far = due(("daily", "weekly"), {"daily": us(1), "weekly": us(0)}, us(0), us(365))
    assert {"daily": MOST["daily"], "weekly": MOST["weekly"]} == {
        kind: sum(period.kind == kind for period in far) for kind in DAYS
    }
    assert us(365) == far[MOST["daily"] - 1].end_us


def test_after_a_clock_that_was_years_ahead_reports_go_on() -> None:
    """What was made in a wrong future holds up nothing."""
    ahead = us(4000)

    made: dict[Kind, int] = {"daily": reached("daily", ahead, us(2.5))}

    assert [] == names(("daily",), made, 0, 2.9)
    assert ["2026-02-04"] == names(("daily",), made, 0, 3)


@given(st.lists(st.integers(0, 40 * DAY_US), min_size=1, max_size=30), st.integers(-5, 5))
def test_every_day_is_reported_exactly_once_however_time_goes_on(steps: list[int], begin: int) -> None:
    """In order; and none is left out where no more are missed than are made up for."""
    made: dict[Kind, int] = {}
    told = []
    observed, now = us(begin), us(begin)
    for step in steps:
        now += min(step, MOST["daily"] * DAY_US - DAY_US)
        for period in due(("daily",), made, observed, now):
            made["daily"] = period.end_us
            told.append(period.end_us)

    whole = range((observed // DAY_US + 1) * DAY_US, now + 1, DAY_US)
    assert list(whole) == told
