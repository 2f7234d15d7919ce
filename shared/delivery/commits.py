"""When a batch commits: a machine without I/O or clock (docs/adr/0047, 0063).

What a turn has written leaves a batch open where all of it could be worked out again after a death: marks of what was
applied, memories, how far event time has come. The first row that applies decides:

    what the turn brought or finds                         the batch
    -----------------------------------------------------  -------------------------------
    nothing at all                                         ends, for nothing is in it
    a change that was not written inside ``may_wait``      commits
    a message that is no frame, sample or gathered one     commits
    something is missing, and is about to be asked for     commits
    another connection wants to write                      commits
    a service stops                                        commits
    a row that waits is not heard by all for ``SPILL_S``   commits
    ``most`` messages applied since the last commit        commits
    ``calm_s`` since its first change                      commits
    ``PLAYED_S`` of a recording's or simulation's time     commits
    otherwise                                              stays open
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CALM_S = 120.0  # of a consumer
SOURCE_CALM_S = 900.0  # of who consumes no stream: what it has not committed, its consumers have within ``CALM_S``
SPILL_S = 15.0  # longer than a consumer may take to say what it has applied
PLAYED_S = 10.0  # of event time: a recording or simulation may run at any speed


class CommitReason(StrEnum):
    """Why a batch ends."""

    EMPTY = "empty"
    URGENT = "urgent"
    IMPORTANT = "important"
    MISSING = "missing"
    ASKED = "asked"
    STOPPING = "stopping"
    UNHEARD = "unheard"
    FULL = "full"
    DUE = "due"
    PLAYED = "played"


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn leaves behind. ``played_s`` is event time where that is a recording's or simulation's, else None."""

    changed: bool
    urgent: bool = False
    important: bool = False
    missing: bool = False
    asked: bool = False
    stopping: bool = False
    unheard: bool = False
    played_s: float | None = None


@dataclass(slots=True)
class Commits:
    """One service's batch. ``most`` messages may be applied in it, and while nothing happens it lasts ``calm_s``."""

    most: int
    calm_s: float = CALM_S
    messages: int = 0
    since: float | None = None
    played_since_s: float | None = None

    def applied(self) -> None:
        """One message more is applied."""
        self.messages += 1

    def decide(self, turn: Turn, now: float) -> CommitReason | None:
        """Return why the batch ends after this turn; None where it stays open."""
        if not turn.changed:
            return CommitReason.EMPTY
        self.since = now if self.since is None else self.since
        self.played_since_s = turn.played_s if self.played_since_s is None else self.played_since_s
        rows = (
            (turn.urgent, CommitReason.URGENT),
            (turn.important, CommitReason.IMPORTANT),
            (turn.missing, CommitReason.MISSING),
            (turn.asked, CommitReason.ASKED),
            (turn.stopping, CommitReason.STOPPING),
            (turn.unheard, CommitReason.UNHEARD),
            (self.messages >= self.most, CommitReason.FULL),
            (now - self.since >= self.calm_s, CommitReason.DUE),
            (self._played_s(turn) >= PLAYED_S, CommitReason.PLAYED),
        )
        return next((reason for applies, reason in rows if applies), None)

    def _played_s(self, turn: Turn) -> float:
        if turn.played_s is None or self.played_since_s is None:
            return 0.0
        return abs(turn.played_s - self.played_since_s)

    def committed(self) -> None:
        """The batch has ended."""
        self.messages, self.since, self.played_since_s = 0, None, None
