"""A battery month by month: how deeply it was discharged, and how warm it was.

Rules:
1. A discharge is counted when the charge has fallen by ``LEAST`` and then risen by as much: from its highest to its
   lowest, in the month in which it ended.
2. A temperature is taken once an hour.
3. The newest ``KEPT`` months that had either are kept. A charge that moves by less than ``STEP`` is not remembered.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

KEPT = 12
LEAST, STEP = 0.1, 0.01  # shares of the charge


class Month(NamedTuple):
    """``month`` counts from year 0; shares of the charge from 0 to 1, °C."""

    month: int
    discharges: int = 0
    depth: float = 0.0  # the mean
    deepest: float = 0.0
    hours: int = 0  # in which a temperature was taken
    celsius: float = 0.0  # the mean
    hottest: float = -273.15

    @property
    def name(self) -> str:
        """The month in ISO 8601: ``2026-01``."""
        return f"{self.month // 12:04}-{self.month % 12 + 1:02}"


class Months(NamedTuple):
    """``high`` and ``low`` of the charge in the present discharge; ``hour``: the last one with a temperature."""

    high: float
    low: float
    hour: int = 0
    months: tuple[Month, ...] = ()


def follow(kept: Months | None, now: datetime, charge: float, celsius: float | None) -> Months | None:
    """Return the months after ``charge`` (0 to 1) at ``now``; the same object where nothing changes."""
    if kept is None:
        return Months(charge, charge)
    after = kept
    if charge > kept.low + LEAST:
        if kept.high - kept.low >= LEAST:
            after = _discharged(after, now, kept.high - kept.low)
        after = after._replace(high=charge, low=charge)
    elif charge > kept.high + STEP or charge < kept.low - STEP:
        after = after._replace(high=max(kept.high, charge), low=min(kept.low, charge))
    if celsius is not None and (hour := now.toordinal() * 24 + now.hour) != kept.hour:
        after = _warmed(after, now, celsius)._replace(hour=hour)
    return after


def _discharged(kept: Months, now: datetime, depth: float) -> Months:
    month = _month_of(kept, now)
    count = month.discharges + 1
    mean = month.depth + (depth - month.depth) / count
    return _with(kept, month._replace(discharges=count, depth=round(mean, 4), deepest=max(month.deepest, depth)))


def _warmed(kept: Months, now: datetime, celsius: float) -> Months:
    month = _month_of(kept, now)
    hours = month.hours + 1
    mean = month.celsius + (celsius - month.celsius) / hours
    return _with(kept, month._replace(hours=hours, celsius=round(mean, 3), hottest=max(month.hottest, celsius)))


def _month_of(kept: Months, now: datetime) -> Month:
    number = now.year * 12 + now.month - 1
    return next((month for month in kept.months if month.month == number), Month(number))


def _with(kept: Months, changed: Month) -> Months:
    others = [month for month in kept.months if month.month != changed.month]
    return kept._replace(months=tuple(sorted((*others, changed)))[-KEPT:])
