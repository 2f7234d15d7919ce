"""Sliding counts: how many events of a type lie in (as_of − span, as_of], kept without rescanning the window.

Rules:
1. ``count`` holds for every instant from ``as_of_us`` up to, but not including, ``due_us``: before that no event
   leaves the window and none that lies in the future enters it.
2. Past ``due_us`` only the events that entered and those that left are queried, never the window as a whole.
3. Every event is in the history before it is folded in, whatever its time: late, early or in the future.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

NEVER_US = 2**63 - 1


class EventTimes(Protocol):
    """The times of all events of one type, in microseconds; answered from an index."""

    def between(self, after_us: int, until_us: int) -> int:
        """Return how many events lie in (after, until]; none if until ≤ after."""

    def next_after(self, after_us: int) -> int | None:
        """Return the time of the first event later than ``after``, or None."""


@dataclass(frozen=True, slots=True)
class Window:
    """The count of one type over one span; see the rules above."""

    span_us: int
    as_of_us: int
    count: int
    due_us: int


def measure_window(span_us: int, as_of_us: int, history: EventTimes) -> Window:
    """Count a window from nothing: at a start, or when time went back."""
    count = history.between(as_of_us - span_us, as_of_us)
    return Window(span_us, as_of_us, count, _due(span_us, as_of_us, history))


def fold_event(window: Window, time_us: int) -> Window:
    """Add an event that was just added to the history."""
    if time_us >= window.due_us > window.as_of_us:
        return window
    if time_us > window.as_of_us:
        return Window(window.span_us, window.as_of_us, window.count, min(window.due_us, time_us))
    leaves_us = time_us + window.span_us
    if leaves_us <= window.as_of_us:
        return window
    return Window(window.span_us, window.as_of_us, window.count + 1, min(window.due_us, leaves_us))


def advance_window(window: Window, as_of_us: int, history: EventTimes) -> Window:
    """Move the window to ``as_of_us``. Going back, or on past the whole window, counts anew."""
    if window.as_of_us <= as_of_us < window.due_us:
        return window
    cutoff_us = as_of_us - window.span_us
    if as_of_us < window.as_of_us or cutoff_us >= window.as_of_us:
        return measure_window(window.span_us, as_of_us, history)
    entered = history.between(window.as_of_us, as_of_us)
    left = history.between(window.as_of_us - window.span_us, cutoff_us)
    return Window(window.span_us, as_of_us, window.count + entered - left, _due(window.span_us, as_of_us, history))


def _due(span_us: int, as_of_us: int, history: EventTimes) -> int:
    oldest_us = history.next_after(as_of_us - span_us)
    if oldest_us is None:
        return NEVER_US
    if oldest_us > as_of_us:
        return oldest_us
    entering_us = history.next_after(as_of_us)
    leaving_us = oldest_us + span_us
    return leaving_us if entering_us is None else min(leaving_us, entering_us)
