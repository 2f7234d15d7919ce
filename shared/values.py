"""What a time, a number and free data may be in a payload: no more than every reader of it can hold and say again.

Who passes free data on wraps it: an offer becomes an event with more metadata, an event goes whole into a command or an
answer. So each of these has room for what it wraps (docs/adr/0035-a-ladder-of-room.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainSerializer

# What InfluxDB holds as nanoseconds ends in 2262; a Pi without a clock starts in 1970.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)
NESTED = (dict, list, tuple)
LEAST, MOST = -(2**63), 2**63 - 1  # of a whole number
LONGEST_WORD = 4096  # characters of a text that is the value of a channel


@dataclass(frozen=True, slots=True)
class Room:
    """How much free data may hold: levels of nesting, values with their names, characters of one text."""

    levels: int
    values: int
    characters: int = 262_144

    def check(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the data; raises ValueError for what JSON may hold and SQLite, InfluxDB or a language may not."""
        if 2 * len(data) <= self.values and self._is_flat(data):
            return data  # as most are; looking for what is nested takes longer
        level: list[Any] = [data]
        count = 0
        for depth in range(self.levels + 1):
            below = []
            for value in level:
                items = (*value, *value.values()) if isinstance(value, dict) else value
                count += len(items)
                if count > self.values:
                    raise ValueError(f"holds more than {self.values} values")
                for item in items:
                    if isinstance(item, NESTED):
                        below.append(item)
                    else:
                        self._refuse(item)
            if depth == self.levels and any(level):
                raise ValueError(f"is nested deeper than {self.levels} levels")
            if not below:
                break
            level = below
        return data

    def _is_flat(self, data: dict[str, Any]) -> bool:
        """Whether every name and item is allowed and holds no other; False where that is not seen at once."""
        characters = self.characters
        for name, item in data.items():
            kind = type(item)
            if kind is float:
                allowed = isfinite(item)
            elif kind is str:
                allowed = len(item) <= characters
            else:
                allowed = item is None or kind is bool or (kind is int and LEAST <= item <= MOST)
            if not allowed or type(name) is not str or len(name) > characters:
                return False
        return True

    def _refuse(self, item: Any) -> None:
        if isinstance(item, str):
            if len(item) > self.characters:
                raise ValueError(f"holds a text of {len(item)} characters; {self.characters} are the most")
        elif isinstance(item, float):
            if not isfinite(item):
                raise ValueError("holds a number that is not finite")
        elif isinstance(item, int) and not LEAST <= item <= MOST:
            raise ValueError("holds a whole number beyond 64 bits")


OFFERED = Room(16, 10_000)
KEPT = Room(16, 10_500)  # an event's: what was offered, and what its way through the pipeline adds
CARRIED = Room(24, 30_000)  # a question's or command's: an event whole
ANSWERED = Room(24, 500_000, 1_000_000)  # no more fits into what a broker passes


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


def utc_text(value: datetime) -> str:
    """Return a time in UTC as it stands in a payload."""
    return value.isoformat("T", "microseconds")[:-6] + "Z"


Time = Annotated[datetime, AfterValidator(_as_utc), PlainSerializer(utc_text, return_type=str, when_used="json")]
# Of readings, commands and statuses. No clock that works says anything else.
BoundedTime = Annotated[Time, AfterValidator(_within)]
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]  # what SQLite, InfluxDB and other languages hold
Count = Annotated[int, Field(ge=0, lt=2**63)]
Seq = Annotated[int, Field(ge=0, lt=2**63 - 1)]
MOST_MEASURED = 2.0**63  # no sensor measures more; sums and products of such numbers stay finite
Measured = Annotated[float, Field(ge=-MOST_MEASURED, le=MOST_MEASURED)]
# Most are floats: pydantic tries in this order, takes what is of a type exactly, and a try that fails costs 0.2 µs.
Scalar = Measured | bool | Int64 | Annotated[str, Field(max_length=LONGEST_WORD)]
OfferedData = Annotated[dict[str, Any], AfterValidator(OFFERED.check)]
Data = Annotated[dict[str, Any], AfterValidator(KEPT.check)]
CarriedData = Annotated[dict[str, Any], AfterValidator(CARRIED.check)]
AnsweredData = Annotated[dict[str, Any], AfterValidator(ANSWERED.check)]
