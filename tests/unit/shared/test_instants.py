"""Times as microseconds."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.instants import time_to_us, us_to_time


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_time_comes_back(time: datetime) -> None:
    """To the microsecond, before 1970 too."""
    assert time == us_to_time(time_to_us(time))


def test_the_count_begins_in_1970() -> None:
    """One second is a million."""
    assert 1_000_000 == time_to_us(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
