"""Sets that a sender can grow: each has a bound, and an event says that it was reached.

The event is the suite's own and counted like any other. One goes out for each set and day, whoever sends too much and
however often: what reports a flood must not become one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.messages import Candidate

LIMIT_REACHED = "system.limit.reached"
DAYS_KEPT = 1000  # of all sets together; beyond that, with a clock that leaps about, nothing more is reported


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound. ``what`` names the set as the event does, ``policy`` says what becomes of what is too much."""

    what: str
    most: int
    policy: str


@dataclass(frozen=True, slots=True)
class Excess:
    """A bound that was reached on a day: by whom, and what had to go for it."""

    what: str
    limit: int
    sender: str
    gone: str | None
    day: str

    @property
    def cause(self) -> str:
        """What its event's id follows from, within one service."""
        return f"{self.what}|{self.day}"

    @property
    def data(self) -> dict[str, Any]:
        """The event's data."""
        said = {"what": self.what, "limit": self.limit, "sender": self.sender, "gone": self.gone}
        return {name: value for name, value in said.items() if value is not None}

    def candidate(self, service: str) -> Candidate:
        """Return the event as a service offers it."""
        return Candidate(type=LIMIT_REACHED, id=f"limit/{service}/{self.what}/{self.day}", data=self.data)


class LimitReports:
    """What was too much since it was last drained. Noting costs a look-up: each message of a flood may."""

    def __init__(self) -> None:
        self._noted: dict[str, tuple[int, str, str | None]] = {}
        self._reported: set[tuple[str, str]] = set()

    def note(
        self, limit: Limit, sender: str, gone: str | None = None, *, of: str = "", most: int | None = None
    ) -> None:
        """Note that a bound was reached. ``of``: of which one, where there are several such sets."""
        what = f"{limit.what} {of}" if of else limit.what
        if what not in self._noted and len(self._noted) < DAYS_KEPT:
            self._noted[what] = (limit.most if most is None else most, sender, gone)

    def drain(self, now: datetime) -> list[Excess]:
        """Return what has to be reported: each set once a day of ``now``."""
        day = f"{now:%Y-%m-%d}"
        fresh = [what for what in self._noted if (what, day) not in self._reported]
        found = [Excess(what, *self._noted[what], day) for what in fresh if len(self._reported) < DAYS_KEPT]
        self._reported |= {(excess.what, day) for excess in found}
        self._noted.clear()
        return found
