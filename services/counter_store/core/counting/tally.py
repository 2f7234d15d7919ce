"""The tally of one event type: its total, its first and last time, and its two windows."""

from __future__ import annotations

from typing import NamedTuple

from services.counter_store.core.counting.windows import EventTimes, Window, advance_window, fold_event, measure_window
from services.counter_store.core.time_units import DAY_US, HOUR_US
from shared.instants import us_to_time
from shared.messages import Counter


class Tally(NamedTuple):
    """One type's count. First and last are by event time, not by arrival; all times are steady, as the windows'."""

    type: str
    total: int
    first_us: int
    last_us: int
    hour: Window
    day: Window

    @property
    def numbers(self) -> tuple[int, int, int, int]:
        """The published numbers: a counter is published again only if they change."""
        return self.total, self.hour.count, self.day.count, self.last_us


def open_tally(event_type: str, total: int, first_us: int, last_us: int, as_of_us: int, history: EventTimes) -> Tally:
    """Return a tally from the ledger's row, its windows counted at ``as_of_us``."""
    hour, day = (measure_window(span_us, as_of_us, history) for span_us in (HOUR_US, DAY_US))
    return Tally(event_type, total, first_us, last_us, hour, day)


def fold_time(tally: Tally, time_us: int) -> Tally:
    """Count one more event, which the history already holds."""
    hour, day = fold_event(tally.hour, time_us), fold_event(tally.day, time_us)
    first_us, last_us = min(tally.first_us, time_us), max(tally.last_us, time_us)
    return Tally(tally.type, tally.total + 1, first_us, last_us, hour, day)


def advance_tally(tally: Tally, as_of_us: int, history: EventTimes) -> Tally:
    """Move both windows to ``as_of_us``; returns the same object when nothing entered or left."""
    hour = advance_window(tally.hour, as_of_us, history)
    day = advance_window(tally.day, as_of_us, history)
    return tally if hour is tally.hour and day is tally.day else tally._replace(hour=hour, day=day)


def move_tally(tally: Tally, before_us: int, by_us: int) -> Tally:
    """Shift first and last time by ``by_us`` if they lie before ``before_us``."""
    first_us, last_us = (us + by_us if us < before_us else us for us in (tally.first_us, tally.last_us))
    return tally._replace(first_us=first_us, last_us=last_us)


def tally_to_counter(tally: Tally, as_of_us: int, offset_us: int = 0) -> Counter:
    """Return the message of a tally advanced to ``as_of_us``, its times by a clock ``offset_us`` ahead of steady."""
    return Counter(
        type=tally.type,
        total=tally.total,
        last_hour=tally.hour.count,
        last_day=tally.day.count,
        last_time=us_to_time(tally.last_us + offset_us),
        as_of=us_to_time(as_of_us + offset_us),
    )
