"""Times for a person: in UTC, with a Z, or in the time zone of this machine, with its name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo


@dataclass(frozen=True, slots=True)
class Times:
    """Writes times in one zone; None is the zone of this machine."""

    zone: tzinfo | None = UTC

    def second(self, time: datetime | str) -> str:
        """``2026-01-31 12:00:00Z`` or ``2026-01-31 13:00:00 CET``."""
        return self._written(time, "%Y-%m-%d %H:%M:%S")

    def minute(self, time: datetime | str) -> str:
        """``2026-01-31 12:00Z``."""
        return self._written(time, "%Y-%m-%d %H:%M")

    def clock(self, time: datetime | str) -> str:
        """``12:00:00Z``."""
        return self._written(time, "%H:%M:%S")

    def of_day(self, time: datetime, day: datetime) -> str:
        """Return the time without its date, if that is the date of ``day``."""
        same = self.local(time).date() == self.local(day).date()
        return self.clock(time) if same else self.second(time)

    def local(self, time: datetime | str) -> datetime:
        """Return the time in this zone."""
        at = datetime.fromisoformat(time) if isinstance(time, str) else time
        return at.astimezone(self.zone)

    def _written(self, time: datetime | str, form: str) -> str:
        at = self.local(time)
        name = at.tzname() or ""
        return f"{at:{form}}" + ("Z" if name == "UTC" else f" {name}")


IN_UTC = Times()
