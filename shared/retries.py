"""How long to wait before something that failed is tried again."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_ASKED_WAIT_S = 3600.0


def pause_s(failures: int, first_s: float, longest_s: float, jitter: float, asked_s: float | None = None) -> float:
    """Return the pause after so many failures in a row (from 1): doubling, capped, spread by ``jitter`` in 0…1.

    ``asked_s`` is what the other side asks for (Retry-After): never less than that, and at most an hour of it.
    """
    pause = min(longest_s, first_s * 2.0 ** min(failures - 1, 60)) * (0.5 + jitter / 2)
    return pause if asked_s is None else max(pause, min(asked_s, LONGEST_ASKED_WAIT_S))


def retry_after_s(value: str | None, answered_at: datetime, date: str | None = None) -> float | None:
    """Return how many seconds a ``Retry-After`` asks for; None where there is none, or nothing can be read of it.

    RFC 9110 §10.2.3: a number of seconds, or a date in any of the three forms of §5.6.7. A date is by the clock of the
    other side: ``date``, the answer's own ``Date``, says what that clock showed; without it ``answered_at`` has to do.
    """
    text = value or ""
    seconds = text.split(",", 1)[0].strip()  # a header that is given twice arrives joined by a comma
    if seconds.isascii() and seconds.isdecimal():
        return float(seconds[:12])
    until = _http_date(text)
    return None if until is None else max(0.0, (until - (_http_date(date or "") or answered_at)).total_seconds())


def _http_date(text: str) -> datetime | None:
    """Return a date as HTTP writes it: IMF-fixdate, RFC 850, or asctime; all are UTC."""
    try:
        found = parsedate_to_datetime(text.strip())
    except (TypeError, ValueError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
