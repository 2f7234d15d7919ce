"""Time intervals such as nights, weekends and holidays, as in Alertmanager. A time is in one if every part holds."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

Range = tuple[int, int]  # both ends included


@dataclass(frozen=True, slots=True)
class Interval:
    """Each part is a list of ranges; an empty one always holds. ``minutes`` of the day exclude their end.

    ``days`` of the month may be negative: -1 is the last. ``weekdays`` begin with Sunday, 0, as in Alertmanager.
    """

    minutes: tuple[Range, ...] = ()
    weekdays: tuple[Range, ...] = ()
    days: tuple[Range, ...] = ()
    months: tuple[Range, ...] = ()
    years: tuple[Range, ...] = ()
    zone: tzinfo = UTC

    def holds(self, now: datetime) -> bool:
        """Whether a time is in it, by the local time of ``zone``."""
        local = now.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        length = monthrange(local.year, local.month)[1]
        days = tuple((_day(first, length), _day(last, length)) for first, last in self.days)
        return (
            (not self.minutes or any(first <= minute < last for first, last in self.minutes))
            and _within(self.weekdays, local.isoweekday() % 7)
            and _within(days, local.day)
            and _within(self.months, local.month)
            and _within(self.years, local.year)
        )


def _within(ranges: tuple[Range, ...], value: int) -> bool:
    return not ranges or any(first <= value <= last for first, last in ranges)


def _day(day: int, length: int) -> int:
    return length + 1 + day if day < 0 else day
