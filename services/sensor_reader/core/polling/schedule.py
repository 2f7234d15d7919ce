"""When each device is read: devices keep to their interval, and one that keeps failing is read less often.

Rules:
1. A turn follows the device's own grid (first turn + k · interval): polls do not drift, and turns missed
   while the machine was busy or asleep are skipped, not made up for.
2. After n failures in a row the next turn is interval · 2^(n-1) away, at most ``LONGEST_WAIT_S`` (or one
   interval, if that is longer). It never stops, and one success brings the interval back.
3. Devices that failed come after those that did not, so a dead one delays nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LONGEST_WAIT_S = 30.0
_MOST_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Turn:
    """When a device is due next (monotonic seconds) and how many polls failed in a row."""

    due: float
    failures: int = 0


def first_turns(names: Iterable[str], now: float) -> dict[str, Turn]:
    """Return the turns at the start: everyone is due at once."""
    return {name: Turn(now) for name in names}


def due(turns: Mapping[str, Turn], now: float) -> list[str]:
    """Return the devices due at ``now``: healthy ones first, otherwise in the order given."""
    ready = [name for name, turn in turns.items() if turn.due <= now]
    return sorted(ready, key=lambda name: turns[name].failures)


def next_due(turns: Mapping[str, Turn]) -> float | None:
    """Return when the next device is due, or None if there is none."""
    return min((turn.due for turn in turns.values()), default=None)


def next_turn(turn: Turn, interval_s: float, now: float, *, failed: bool) -> Turn:
    """Return the turn after a poll at ``now``."""
    failures = turn.failures + 1 if failed else 0
    wait = interval_s
    if failures > 1:
        doubled = interval_s * 2 ** min(failures - 1, _MOST_DOUBLINGS)
        wait = min(doubled, max(LONGEST_WAIT_S, interval_s))
    due_at = turn.due + wait
    if due_at <= now:
        due_at += math.ceil((now - due_at) / interval_s) * interval_s
        due_at = due_at if due_at > now else due_at + interval_s
    return Turn(due_at, failures)
