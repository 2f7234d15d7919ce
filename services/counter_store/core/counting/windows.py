"""Sliding counts: how many events of a type lie in (as_of − span, as_of], kept without rescanning the window.

Rules:
1. ``count`` holds for every instant from ``as_of_us`` up to, but not including, ``due_us``: before that no event
   leaves the window and none that lies in the future enters it.
2. Past ``enters_us`` only the events that entered are queried, past ``leaves_us`` only those that left, and never the
   window as a whole.
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
    """The count of one type over one span; see the rules above. Both times may be too early, and never too late."""

    span_us: int
    as_of_us: int
    count: int
    leaves_us: int  # before this no event leaves
    enters_us: int  # before this none enters

    @property
    def due_us(self) -> int:
        """The time from which the count may be another."""
        return min(self.leaves_us, self.enters_us)

    def holds(self, as_of_us: int) -> bool:
        """Whether the count is certainly that of the window at ``as_of_us`` too."""
        return self.as_of_us <= as_of_us < self.leaves_us and as_of_us < self.enters_us


def measure_window(span_us: int, as_of_us: int, history: EventTimes) -> Window:
    """Count a window from nothing: at a start, or when time went back."""
    count = history.between(as_of_us - span_us, as_of_us)
    return Window(span_us, as_of_us, count, _leaves_us(span_us, as_of_us, history), _enters_us(as_of_us, history))


def fold_event(window: Window, time_us: int) -> Window:
    """Add an event that was just added to the history; one that does not enter before another changes nothing."""
    span_us, as_of_us = window.span_us, window.as_of_us
    if time_us > as_of_us:
        is_first = time_us < window.enters_us
        return Window(span_us, as_of_us, window.count, window.leaves_us, time_us) if is_first else window
    if time_us + span_us <= as_of_us:
        return window
    return Window(span_us, as_of_us, window.count + 1, min(window.leaves_us, time_us + span_us), window.enters_us)


def advance_window(window: Window, as_of_us: int, history: EventTimes) -> Window:
    """Move the window to ``as_of_us``. Going back, or on past the whole window, counts anew."""
    if window.holds(as_of_us):
        return window
    span_us, cutoff_us = window.span_us, as_of_us - window.span_us
    if as_of_us < window.as_of_us or cutoff_us >= window.as_of_us:
        return measure_window(span_us, as_of_us, history)
    count, leaves_us, enters_us = window.count, window.leaves_us, window.enters_us
    if as_of_us >= enters_us:
        count += history.between(window.as_of_us, as_of_us)
        leaves_us, enters_us = min(leaves_us, enters_us + span_us), _enters_us(as_of_us, history)
    if as_of_us >= leaves_us:
        count -= history.between(window.as_of_us - span_us, cutoff_us)
        leaves_us = _leaves_us(span_us, as_of_us, history)
    return Window(span_us, as_of_us, count, leaves_us, enters_us)


def _enters_us(as_of_us: int, history: EventTimes) -> int:
    next_us = history.next_after(as_of_us)
    return NEVER_US if next_us is None else next_us


def _leaves_us(span_us: int, as_of_us: int, history: EventTimes) -> int:
    oldest_us = history.next_after(as_of_us - span_us)
    return NEVER_US if oldest_us is None or oldest_us > as_of_us else oldest_us + span_us
