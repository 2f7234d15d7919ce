"""Memories in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerter.core.memory import Memory, from_json, to_json
from services.alerter.core.window import Window
from shared.instants import time_to_us, us_to_time
from shared.messages import AlertState


@given(st.lists(st.integers()), st.none() | st.integers(), st.none() | st.integers())
def test_a_memory_comes_back_from_json_as_it_was(times: list[int], lost_us: int | None, now_us: int | None) -> None:
    """Nothing of it is lost in the ledger; memories with alerts are under the restart law."""
    memory = Memory(Window(tuple(times), lost_us), None, now_us)
    assert memory == from_json(to_json(memory))


def test_a_memory_that_never_fired_is_resolved() -> None:
    """No alert is no alarm."""
    assert AlertState.RESOLVED is Memory().state


@pytest.mark.parametrize("text", [b"", b"{", b'{"times_us": []}'])
def test_something_else_is_refused(text: bytes) -> None:
    """A damaged ledger does not pass for an empty one."""
    with pytest.raises((ValueError, KeyError)):
        from_json(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_hold_any_time_exactly(time: datetime) -> None:
    """No float rounds a time on the way."""
    assert time == us_to_time(time_to_us(time))
