"""The newest event times of one rule, in order: counting them, and when a count ends.

1. The window at time t is half-open, (t − w, t]: an event at e is in it from e until just before e + w.
2. Times are microseconds since 1970, ascending; equal times are kept once for each event.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import NamedTuple


class Window(NamedTuple):
    """Event times; ``lost_us`` is the newest time that was dropped for want of room, if any.

    ``counted`` are the newest values of the field ``once_per``, of which each counts once.
    """

    times_us: tuple[int, ...] = ()
    lost_us: int | None = None
    counted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowCount:
    """How many events; a lower bound where not ``exact``."""

    number: int
    exact: bool = True


def fold_in(window: Window, time_us: int, room: int) -> Window:
    """Return the window with one more time, in order; beyond ``room`` the oldest is dropped."""
    place = bisect_right(window.times_us, time_us)
    times_us = (*window.times_us[:place], time_us, *window.times_us[place:])
    spill = len(times_us) - room
    if spill <= 0:
        return Window(times_us, window.lost_us, window.counted)
    lost_us = times_us[spill - 1]
    newest_lost_us = lost_us if window.lost_us is None else max(lost_us, window.lost_us)
    return Window(times_us[spill:], newest_lost_us, window.counted)


def fold_out(window: Window, before_us: int) -> Window:
    """Return the window without the times before ``before_us``; a time equal to it stays."""
    place = bisect_left(window.times_us, before_us)
    forgotten = window.lost_us is not None and window.lost_us < before_us
    if not place and not forgotten:
        return window
    return Window(window.times_us[place:], None if forgotten else window.lost_us, window.counted)


def count(window: Window, now_us: int, span_us: int) -> WindowCount:
    """Return how many times lie in (now − span, now]."""
    first = bisect_right(window.times_us, now_us - span_us)
    last = bisect_right(window.times_us, now_us)
    return WindowCount(last - first, window.lost_us is None or window.lost_us <= now_us - span_us)


def end_of_excess(window: Window, threshold: int, span_us: int) -> int | None:
    """Return when the count falls back to ``threshold`` without further events; None if it is not above it.

    That is the (threshold + 1)-th newest time plus the span: a function of event times alone.
    """
    if len(window.times_us) <= threshold:
        return None
    return window.times_us[-threshold - 1] + span_us
