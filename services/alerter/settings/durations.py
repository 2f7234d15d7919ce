"""Spans of time as in Alertmanager (``90s``, ``15m``, ``1h30m``, ``2d``), or in seconds."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds"}
_FORM = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?\Z")
LONGEST = timedelta(days=3650)


def read_duration(value: object) -> timedelta:
    """Return a span; raises ValueError with an example."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST.total_seconds():
        return timedelta(seconds=value)
    found = _FORM.match(value) if isinstance(value, str) and value and len(value) <= 40 else None
    if found is None:
        raise ValueError("is no span of time; write it like 90s, 15m, 1h30m or 2d")
    parts = {unit: int(text) for unit, text in zip(_UNITS.values(), found.groups(), strict=True) if text}
    try:
        span = timedelta(**parts)
    except OverflowError:
        span = timedelta.max
    if span > LONGEST:
        raise ValueError("is longer than ten years")
    return span


Span = Annotated[timedelta, BeforeValidator(read_duration)]
LongSpan = Annotated[Span, Field(gt=timedelta(0))]  # above zero
