"""Jumps of the wall clock: what they say on the wire, and where they put a time that was reported before.

A reader reports a jump as a frame of the device ``system`` (``clock_step_s``, …), the processor makes it a
``CLOCK_JUMP`` event at the same place in its stream. Who remembers times moves them when it comes to that
place, so that time runs on evenly: windows and dwells are as if the clock had always been right (docs/adr/0008).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

CLOCK_JUMP = "CLOCK_JUMP"  # the event type
CLOCK_STEP = "clock_step_s"  # the channel that makes a frame report a jump
IN_FRAME = "clock_"  # what its names begin with there; in the event they stand without
ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Jump:
    """The wall clock was put on by ``step`` (negative: back).

    Times before ``since``, by the clock as it was before, were reported by a clock that was right (those of the boot
    before, say): they move by ``earlier`` and not by ``step``. None: all that was reported moves by ``step``.
    """

    step: timedelta
    since: datetime | None = None
    earlier: timedelta = ZERO

    def shift(self, time: datetime) -> timedelta:
        """Return by how much a time reported before the jump has to be moved."""
        return self.earlier if self.since is not None and time < self.since else self.step

    def moved(self, time: datetime) -> datetime:
        """Return where a time reported before the jump stands now; one that would leave the years 1 to 9999 stays."""
        try:
            return time + self.shift(time)
        except OverflowError:
            return time

    def values(self) -> dict[str, float | str]:
        """Return the jump as ``step_s`` and, where they matter, ``since`` and ``earlier_s``; see ``read_jump``."""
        data: dict[str, float | str] = {"step_s": self.step.total_seconds()}
        if self.since is not None:
            data |= {"since": self.since.isoformat(), "earlier_s": self.earlier.total_seconds()}
        return data


def read_jump(values: Mapping[str, object], prefix: str = "") -> Jump | None:
    """Return the jump that ``values`` report, names beginning with ``prefix``; None where they make no sense.

    None too where ``alone`` is false: one of several readers had it, and the times of the others stand.
    """
    if values.get(prefix + "alone") is False:
        return None
    step_s, since, earlier_s = (values.get(prefix + name) for name in ("step_s", "since", "earlier_s"))
    try:
        if not isinstance(since, str):
            return Jump(_seconds(step_s))
        return Jump(_seconds(step_s), datetime.fromisoformat(since).astimezone(UTC), _seconds(earlier_s))
    except (TypeError, ValueError, OverflowError):
        return None


def _seconds(value: object) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number of seconds")
    return timedelta(microseconds=round(value * 1_000_000))
