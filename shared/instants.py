"""Instants as whole microseconds since 1970-01-01 UTC: what windows and tables count in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)  # of the calendar


def time_to_us(time: datetime) -> int:
    """Return an aware time as microseconds since 1970; exact, and negative before it."""
    since = time - _UNIX_EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def span_to_us(span: timedelta) -> int:
    """Return a span in whole microseconds."""
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def us_to_time(us: int) -> datetime:
    """Return the aware UTC time of ``us``; the inverse of ``time_to_us``."""
    return _UNIX_EPOCH + us * _MICROSECOND


def shifted(time: datetime, by: timedelta) -> datetime:
    """Return an aware time so much later or earlier, at most the last or first instant of the calendar."""
    try:
        return time + by
    except OverflowError:
        return LAST if by > timedelta() else FIRST
