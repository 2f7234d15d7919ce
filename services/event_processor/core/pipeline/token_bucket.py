"""A token bucket on event time: ``burst`` at once, ``per_minute`` in the long run.

Time that steps back refills nothing. The verdict on an event follows from the events before it alone.
"""

from __future__ import annotations

from dataclasses import dataclass

MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """``skipped``: how many events were dropped since the last that passed."""

    tokens: float
    at_us: int
    skipped: int = 0


def draw(bucket: Bucket | None, per_minute: float, burst: int, now_us: int) -> tuple[Bucket, bool]:
    """Return the bucket after one event at ``now_us``, and whether the event passes; ``bucket`` None is a full one."""
    if bucket is None:
        return Bucket(burst - 1.0, now_us), True
    tokens = min(float(burst), bucket.tokens + max(0, now_us - bucket.at_us) * per_minute / MINUTE_US)
    at_us = max(now_us, bucket.at_us)
    if tokens < 1:
        return Bucket(tokens, at_us, bucket.skipped + 1), False
    return Bucket(tokens - 1, at_us), True
