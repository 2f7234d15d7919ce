"""Which numbers of a track were applied: spans of whole numbers, each once, whatever the order in which they came.

Rules:
1. What lies between two spans is a gap. A number that comes later after all fills it.
2. A newcomer's first number is where its track begins: nothing before it is missed.
3. At most ``MOST_SPANS`` are kept: where there is no room, the oldest gap is given up. Its numbers are missed for good,
   and would be repeats if they came.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

MOST_SPANS = 64


@dataclass(frozen=True, slots=True)
class Spans:
    """``ends`` are first and last of each span, ascending; ``given_up``: how many numbers are missed for good."""

    ends: tuple[int, ...] = ()
    given_up: int = 0

    @property
    def highest(self) -> int:
        """The highest number that was applied; 0 for none."""
        return self.ends[-1] if self.ends else 0

    @property
    def missing(self) -> int:
        """How many numbers are missing between the first and the highest."""
        ends = self.ends
        return self.given_up + sum(ends[at] - ends[at - 1] - 1 for at in range(2, len(ends), 2))

    def gaps(self) -> tuple[tuple[int, int], ...]:
        """First and last of each gap that may still be filled."""
        return tuple((self.ends[at - 1] + 1, self.ends[at] - 1) for at in range(2, len(self.ends), 2))


def with_number(spans: Spans, number: int) -> Spans | None:
    """Return the spans with one more number; None where it was applied already."""
    ends = spans.ends
    if not ends:
        return Spans((number, number), spans.given_up)
    if number == ends[-1] + 1:  # nearly always
        return Spans((*ends[:-1], number), spans.given_up)
    place = bisect_right(ends, number)
    if place % 2 or (place and ends[place - 1] == number):
        return None
    joins_before = place > 0 and ends[place - 1] == number - 1
    joins_after = place < len(ends) and ends[place] == number + 1
    before = ends[: place - 1] if joins_before else (*ends[:place], number)
    after = ends[place + 1 :] if joins_after else (number, *ends[place:])
    return _bounded((*before, *after), spans.given_up)


def later_only(spans: Spans, number: int) -> Spans | None:
    """Return the spans up to a number of a track that may leave numbers out; None where it is not beyond all others."""
    if spans.ends and number <= spans.highest:
        return None
    return Spans((spans.ends[0] if spans.ends else number, number))


def in_order(spans: Spans, number: int) -> Spans | None:
    """Return the spans with a number beyond all others; None where it is not. What lies between stays a gap."""
    return None if spans.ends and number <= spans.highest else with_number(spans, number)


def _bounded(ends: tuple[int, ...], given_up: int) -> Spans:
    while len(ends) > 2 * MOST_SPANS:
        given_up += ends[2] - ends[1] - 1
        ends = (ends[0], *ends[3:])
    return Spans(ends, given_up)
