"""When FSD is set by the host agent, and how fast a client may ask."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.core.nut.forced import forced_by
from services.gateway.core.nut.limits import BURST, LINES_PER_S, Bucket
from services.host_agent.core.phases import FINAL
from shared.messages import Status

FINAL_FIGURES = {"phase": "secondaries", "dry_run": False, "role": "primary", "supplies": "ups rack"}


def status(state: Any = "online", **figures: Any) -> Status:
    """Return a life sign of the host agent."""
    return Status(service="host_agent", state=state, figures=FINAL_FIGURES | figures)


@pytest.mark.parametrize("phase", [str(phase) for phase in FINAL])
def test_past_the_point_of_no_return_its_supplies_are_forced(phase: str) -> None:
    """In every such phase that the agent has."""
    assert {"ups", "rack"} == forced_by(status(phase=phase))


@pytest.mark.parametrize("one", [
    status(phase="watching"), status(phase="counting_down"), status(phase="held"), status(phase="hooks"),
    status(dry_run=True), status(role="secondary"), status("stopped"), status("offline"),
    Status(service="host_agent", state="online"),
], ids=lambda one: f"{one.state} {one.figures.get('phase')} {one.figures.get('role')}")  # fmt: skip
def test_before_it_and_where_nothing_is_cut_they_are_not(one: Status) -> None:
    """What can still be called off sends nobody down; neither does a dry run, nor a secondary."""
    assert frozenset() == forced_by(one)


def test_a_client_may_ask_much_at_once_and_then_waits() -> None:
    """Each line beyond the burst waits for its turn."""
    bucket, waits = Bucket(0.0), []
    for _ in range(int(BURST) + 2):
        bucket, wait_s = bucket.after_line(0.0)
        waits.append(wait_s)

    assert [0.0] * int(BURST) + [1 / LINES_PER_S, 2 / LINES_PER_S] == waits


@given(st.lists(st.floats(-10, 1000), max_size=50))
def test_no_course_of_time_gives_more_than_the_burst(steps: list[float]) -> None:
    """Not even a clock that goes back."""
    bucket, now_s = Bucket(0.0), 0.0
    for step in steps:
        now_s += step
        bucket, wait_s = bucket.after_line(now_s)

        assert bucket.left <= BURST - 1
        assert wait_s >= 0
