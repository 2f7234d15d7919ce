"""A latch: one condition with a dwell time on each side.

Rules:
1. A latch turns when the opposite was the target, without a break, through the whole dwell.
2. The dwell runs by the frames' own time, between frames that show the value: a frame without it holds the latch and
   adds nothing, and time that steps back adds nothing.
3. A dwell of 0 s turns at the first frame; any other needs at least two.
4. No dwell runs over a silence: after a gap longer than ``longest_gap`` the dwell begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.jumps import Jump

ZERO = timedelta(0)
_MICROSECOND = timedelta(microseconds=1)
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Latch:
    """``began``: when the present state began, None while it is only assumed.

    ``pending``: since when the opposite is the target, and ``held`` for how long frames have shown that.
    """

    on: bool = False
    began: datetime | None = None
    pending: datetime | None = None
    held: timedelta = ZERO
    _json: tuple[Any, ...] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def raw(self) -> bool:
        """The target of the last frame, confirmed or not."""
        return self.on if self.pending is None else not self.on

    @property
    def idle(self) -> bool:
        """Whether it is off, and no dwell runs."""
        return not self.on and self.pending is None

    @property
    def known(self) -> bool | None:
        """The confirmed state; None before the first confirmation."""
        return self.on if self.on or self.began else None

    def to_json(self) -> tuple[Any, ...]:
        """Return the latch as JSON values, which are made once: most latches stay as they are for thousands of frames.

        ``held`` is in whole microseconds.
        """
        found = self._json
        if found is None:
            began, pending = (None if time is None else stamp(time) for time in (self.began, self.pending))
            found = (self.on, began, pending, self.held // _MICROSECOND)
            object.__setattr__(self, "_json", found)
        return found

    @classmethod
    def from_json(cls, values: Sequence[Any]) -> Latch:
        """Return the latch that ``to_json`` wrote."""
        on, began, pending, held_us = values
        return cls(on, read_time(began), read_time(pending), held_us * _MICROSECOND)


OFF = Latch()


def debounce(
    latch: Latch,
    target: bool,
    dwell_s: float,
    now: datetime,
    elapsed: timedelta,
    longest_gap: timedelta = timedelta.max,
) -> Latch:
    """Return the latch after one frame that wants ``target``; ``elapsed`` is the time since the last frame.

    A dwell of infinity never turns it, and keeps the clock running.
    """
    if target == latch.on:
        return latch if latch.pending is None else Latch(latch.on, latch.began)
    since, held = (now, ZERO) if latch.pending is None else (latch.pending, latch.held + elapsed)
    if elapsed > longest_gap or now - since - held > longest_gap:
        since, held = now, ZERO
    if held.total_seconds() >= dwell_s:
        return Latch(target, since)
    return Latch(latch.on, latch.began, since, held)


def move(latch: Latch, jump: Jump) -> Latch:
    """Return the latch after a jump of the clock, its times moved so that ages stay the same."""
    began, pending = (time and jump.moved(time) for time in (latch.began, latch.pending))
    return replace(latch, began=began, pending=pending)


def shifted(time: datetime, seconds: float) -> datetime:
    """Return ``time`` plus ``seconds``, within the years 1 to 9999."""
    try:
        return time + timedelta(seconds=seconds)
    except OverflowError:
        return LAST if seconds > 0 else FIRST


def stamp(time: datetime) -> str:
    """Return ``time`` (aware, UTC) as RFC 3339 with microseconds and Z."""
    return time.isoformat(timespec="microseconds")[:26] + "Z"


def read_time(text: str | None) -> datetime | None:
    """Return the time that ``stamp`` wrote; None stays None."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
