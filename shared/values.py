"""What a time, a number and free data may be in a payload: no more than every reader of it can hold and say again."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainSerializer

# What InfluxDB holds as nanoseconds ends in 2262; a Pi without a clock starts in 1970.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)
DEEPEST = 16  # levels of free data
MOST = 10_000  # things in it
NESTED = (dict, list, tuple)
LONGEST = 262_144  # characters of one text in it; a message made of a few still fits into a ``Text``


def _as_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("the time has no zone; write it as UTC, e.g. 2026-01-31T12:00:00Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is before the year 1 or after 9999 in UTC") from None


def _within(value: datetime) -> datetime:
    if not EARLIEST <= value < LATEST:
        raise ValueError("the time is before the year 1970 or after 2261 in UTC")
    return value


def _as_text(value: datetime) -> str:
    return value.isoformat(timespec="microseconds")[:-6] + "Z"


def _checked(data: dict[str, Any]) -> dict[str, Any]:
    """Refuse what JSON may hold and SQLite, InfluxDB or another language may not."""
    level: list[Any] = [data]
    count = 0
    for depth in range(DEEPEST + 1):
        below = []
        for value in level:
            items = (*value, *value.values()) if isinstance(value, dict) else value
            count += len(items)
            if count > MOST:
                raise ValueError(f"holds more than {MOST} values")
            for item in items:
                if isinstance(item, NESTED):
                    below.append(item)
                else:
                    _refuse(item)
        if depth == DEEPEST and any(level):
            raise ValueError(f"is nested deeper than {DEEPEST} levels")
        if not below:
            break
        level = below
    return data


def _refuse(item: Any) -> None:
    if isinstance(item, str):
        if len(item) > LONGEST:
            raise ValueError(f"holds a text of {len(item)} characters; {LONGEST} are the most")
    elif isinstance(item, float):
        if not math.isfinite(item):
            raise ValueError("holds a number that is not finite")
    elif isinstance(item, int) and not -(2**63) <= item < 2**63:
        raise ValueError("holds a whole number beyond 64 bits")


Time = Annotated[datetime, AfterValidator(_as_utc), PlainSerializer(_as_text, return_type=str, when_used="json")]
# Of readings, commands and statuses. No clock that works says anything else.
BoundedTime = Annotated[Time, AfterValidator(_within)]
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]  # what SQLite, InfluxDB and other languages hold
Count = Annotated[int, Field(ge=0, lt=2**63)]
Seq = Annotated[int, Field(ge=0, lt=2**63 - 1)]
Scalar = bool | Int64 | float | Annotated[str, Field(max_length=LONGEST)]
Data = Annotated[dict[str, Any], AfterValidator(_checked)]
