"""Event times for the alerter's tests: a start, and microseconds after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def at(minutes: float = 0, us: int = 0) -> datetime:
    """Return the time so many minutes and microseconds after START."""
    return START + timedelta(minutes=minutes, microseconds=us)
