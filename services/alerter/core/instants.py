"""Aware UTC datetimes as whole microseconds since 1970, and back: windows are then plain integers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(time: datetime) -> int:
    """Return microseconds since 1970; negative before. Exact: no float is involved."""
    return (time - _EPOCH) // MICROSECOND


def from_us(time_us: int) -> datetime:
    """Return the aware UTC datetime of ``to_us``; raises OverflowError outside the years 1 to 9999."""
    return _EPOCH + time_us * MICROSECOND
