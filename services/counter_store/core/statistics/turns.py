"""Events that begin or end something, with their data: since when it held, and how long it lasted.

An event comes when a change has been confirmed, some seconds after it; its data say when it was.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from services.counter_store.core.time_units import US_PER_S
from shared.instants import time_to_us

LENGTHS = ("lasted_s", "outage_s", "episode_s")


class ReportedTurn(NamedTuple):
    """``monotonic_us``: its place by a clock that never jumps. ``late_us``: how long before its time the change was."""

    us: int
    device: str | None
    monotonic_us: int
    late_us: int = 0
    length_us: int | None = None


def late_us(us: int, since: object) -> int:
    """Return how long before ``us`` something began, by its ``since``; 0 if that is no time, or is later."""
    if not isinstance(since, str):
        return 0
    try:
        time = datetime.fromisoformat(since)
    except ValueError:
        return 0
    return 0 if time.tzinfo is None else max(0, us - time_to_us(time))


def length_us(lasted_s: object) -> int | None:
    """Return the length that an end reports, µs; None if it reports none, or an impossible one."""
    if not isinstance(lasted_s, int | float) or not 0 <= lasted_s <= 1e12:
        return None
    return round(lasted_s * US_PER_S)
