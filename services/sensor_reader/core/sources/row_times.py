"""The time of a recording's row, as the programs write it that export recordings."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T]+(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?\Z")
_EPOCH = re.compile(r"\d{9,19}(\.\d+)?\Z")
_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)
_PER_S = ((11, 1), (14, 10**3), (17, 10**6), (20, 10**9))  # digits below which a number counts s, ms, µs or ns


def row_time(text: str, zone: tzinfo | None) -> datetime:
    """Return a row's time; one without a zone is of ``zone``. Raises ValueError that says what would be right.

    ISO 8601, also with a blank between day and time; a day first, with dots, as Excel writes it in much of Europe;
    numbers since 1970 in s, ms, µs or ns, by their size.
    """
    if text[4:5] != "-":  # most rows begin with a year
        if _EPOCH.match(text):
            return _since_1970(text)
        day_first = _DAY_FIRST.match(text)
        if day_first:
            day, month, year, clock = day_first.groups()
            text = f"{year}-{int(month):02}-{int(day):02}T{(clock or '00:00').zfill(5)}"
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"time: not a time (got {text!r:.60}); write it as 2026-01-31T12:00:00Z") from None
    if time.tzinfo is UTC:
        return time
    if time.tzinfo is None:
        if zone is None:
            raise ValueError(
                f"time: the time has no zone (got {text!r:.60}); name it with --timezone, or write 2026-01-31T12:00:00Z"
            )
        time = time.replace(tzinfo=zone)
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"time: is before the year 1 or after 9999 in UTC (got {text!r:.60})") from None


def _since_1970(text: str) -> datetime:
    whole, _, fraction = text.partition(".")
    per_s = next(per_s for digits, per_s in _PER_S if len(whole) < digits)
    parts = int(whole + fraction) * 10**6 // (per_s * 10 ** len(fraction))
    return _EPOCH_START + timedelta(microseconds=parts)
