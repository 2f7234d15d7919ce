"""The span of time an answer is about: so many days up to ``as_of``, and how much of them the store has observed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from services.counter_store.core.time_units import DAY_US, HOUR_US
from shared.instants import time_to_us, us_to_time

FIRST_US = time_to_us(datetime.min.replace(tzinfo=UTC))
_LAST_US = time_to_us(datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Span:
    """(after, until]. The store has observed from ``observed_us`` on, up to ``reached_us``."""

    after_us: int
    until_us: int
    observed_us: int
    reached_us: int = 2**62

    @property
    def seen_after_us(self) -> int:
        """Where the observed part begins: time that was not observed must not count as quiet."""
        return min(self.until_us, max(self.after_us, self.observed_us))

    @property
    def seen_until_us(self) -> int:
        """Where it ends: the future must not count as quiet either."""
        return max(self.seen_after_us, min(self.until_us, self.reached_us))

    @property
    def counted_after_us(self) -> int:
        """The same for what is counted and not compared: the event by which observing began is one of those."""
        return max(self.after_us, self.seen_after_us - 1)

    @property
    def middle_us(self) -> int:
        """Half way through the observed part."""
        return (self.seen_after_us + self.seen_until_us) // 2

    @property
    def observed_days(self) -> float:
        """Days observed, never less than one: three events in the first hour are three a day and not 72."""
        return max(1.0, (self.seen_until_us - self.seen_after_us) / DAY_US)

    @property
    def is_long(self) -> bool:
        """Whether enough was observed to compare its halves: with less than a day they are day and night."""
        return self.seen_until_us - self.seen_after_us >= DAY_US

    @property
    def observed_hours(self) -> float:
        """Hours observed, never less than one."""
        return max(1.0, (self.seen_until_us - self.seen_after_us) / HOUR_US)

    @property
    def observed_since(self) -> datetime:
        """Where the observed part begins."""
        return possible_time(self.seen_after_us)

    @property
    def since(self) -> datetime:
        """Where the span begins."""
        return possible_time(self.after_us)

    @property
    def as_of(self) -> datetime:
        """Where it ends."""
        return us_to_time(self.until_us)


def possible_time(us: int) -> datetime:
    """Return the time of ``us``, or the first or last there is (the years 1 and 9999) where it lies beyond."""
    return us_to_time(min(max(us, FIRST_US), _LAST_US))


def last_days(days: float, until_us: int, observed_us: int, reached_us: int = 2**62) -> Span:
    """Return the span of ``days`` that ends at ``until``."""
    return Span(until_us - round(days * DAY_US), until_us, observed_us, reached_us)
