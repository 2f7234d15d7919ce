"""The time between two frames, as the memory of a device counts it."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.event_processor.core.device.memory import LONGEST_UPTIME_S, Memory
from shared.messages import Frame
from tests.support.scenarios import at

UPTIMES = st.floats(0, 2e9) | st.floats(0, 1e5).map(lambda uptime_s: round(uptime_s, 6))


@given(UPTIMES, UPTIMES)
def test_the_seconds_between_two_uptimes_are_those_of_the_exact_span(before_s: float, now_s: float) -> None:
    """In whole µs, at least 0, and 0 beyond what can be true: ``steady_s`` sums them up, dwells compare the span."""
    memory = Memory(at(0), boot="b", uptime_s=before_s)
    later = Frame(time=at(1), device="ups", boot="b", uptime_s=now_s)
    span = timedelta(seconds=max(round(now_s - before_s, 6), 0))
    if span.total_seconds() >= LONGEST_UPTIME_S:
        span = timedelta(0)

    assert span == memory.elapsed(later)
    assert span.total_seconds() == memory.elapsed_s(later)
