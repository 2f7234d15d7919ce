"""The receiving end of a stream, as a machine without I/O or clock.

Rules (design §3.2, §3.4; docs/adr/0002):
1. A message is applied only as the next one. What was applied before is a repeat and dropped.
2. What comes early is held, up to ``room``; beyond that it is dropped and will be asked for.
3. Whoever is behind without progress for ``GRACE_S`` asks, and asks again every ``RETRY_S``.
4. On first contact the stream's floor is unknown: only seq 1 may be applied before the producer names it.
5. What the producer no longer holds is lost, said so once, and stepped over. A newcomer loses nothing
   by it: it begins at the floor.
6. A producer whose disk is new has a new epoch, and an Inbound of its own, which may go on with the numbers of the one
   before (``resume``). What is still held of the
   old one can never be completed: it is applied as it is, its gaps are lost.

    seq                    known   what happens
    ---------------------  ------  ------------------------------------------
    ≤ applied              any     REPEAT
    = applied + 1          yes     APPLY, then every held successor
    = 1                    no      APPLY (and now known)
    anything else          any     HOLD while there is room, else DROP
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")

GRACE_S = 0.3
RETRY_S = 1.0
ENDED = 2**53  # as what is applied of an epoch: whatever comes of it is a repeat


class Verdict(StrEnum):
    """What became of an offered message."""

    APPLY = "apply"
    REPEAT = "repeat"
    HOLD = "hold"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Loss:
    """Messages ``first`` to ``last``, both included, that the producer no longer holds."""

    first: int
    last: int


@dataclass(slots=True)
class Inbound(Generic[T]):
    """What a consumer knows of one track. ``applied`` is the last seq applied, ``announced`` the head in the status."""

    applied: int = 0
    known: bool = False
    newcomer: bool = False
    room: int = 2000
    head: int = 0
    announced: int = 0
    held: dict[int, T] = field(default_factory=dict)
    stuck_since: float | None = None
    asked_at: float | None = None

    def offer(self, seq: int, message: T, now: float) -> Verdict:
        """Say what becomes of ``message``. On APPLY the caller applies it, then drains ``successors``."""
        if seq <= self.applied:
            return Verdict.REPEAT
        if seq > self.head:
            self.head = seq
        if seq == self.applied + 1 and (self.known or seq == 1):
            self._progress(seq, now)
            self.held.pop(seq, None)
            return Verdict.APPLY
        self._stuck(now)
        if seq in self.held:
            return Verdict.REPEAT
        if len(self.held) >= self.room:
            return Verdict.DROP
        self.held[seq] = message
        return Verdict.HOLD

    def successors(self, now: float) -> Iterator[T]:
        """Yield the held messages that have become next, in order; each counts as applied when yielded."""
        while self.known and (message := self.held.pop(self.applied + 1, None)) is not None:
            self._progress(self.applied + 1, now)
            yield message

    def announce(self, floor: int, head: int, now: float) -> None:
        """The producer's status says what it holds."""
        self.head = max(self.head, head)
        self.announced = max(self.announced, head)
        if not self.known and floor <= 1:
            self.known = True
        if self.behind:
            self._stuck(now)

    def end(self) -> None:
        """Another epoch goes on with these numbers: nothing more is wanted of this one, nor taken."""
        self.held.clear()
        self.applied = self.head = ENDED
        self.stuck_since = None

    def resume(self, applied: int) -> None:
        """Go on with the numbers of an epoch before, of which ``applied`` was reached."""
        self.applied = max(self.applied, applied)
        self.known = True
        for seq in [seq for seq in self.held if seq <= self.applied]:
            del self.held[seq]

    def step_over(self, floor: int, head: int, now: float) -> Loss | None:
        """An answer to an ask names the floor: step over what is gone. Returns the loss, if it is one."""
        newcomer = self.newcomer and self.applied == 0  # a status seen before may name an older floor
        self.known = True
        self.head = max(self.head, head)
        if floor <= self.applied + 1:
            return None
        loss = Loss(self.applied + 1, floor - 1)
        for seq in [seq for seq in self.held if seq < floor]:
            del self.held[seq]
        self._progress(floor - 1, now)
        return None if newcomer else loss

    def abandon(self, now: float) -> Loss | None:
        """The producer's epoch is over: step to the next held message. Returns the gap before it."""
        self.known = True
        if not self.held:
            self.head = self.applied
            self.stuck_since = None
            return None
        loss = Loss(self.applied + 1, min(self.held) - 1)
        self._progress(loss.last, now)
        return loss

    @property
    def behind(self) -> bool:
        """Whether something exists that has not been applied."""
        return self.head > self.applied or bool(self.held)

    def misses(self, now: float) -> bool:
        """Whether something is overdue, so that it has to be asked for."""
        return self.behind and self.stuck_since is not None and now - self.stuck_since >= GRACE_S

    def must_ask(self, now: float) -> bool:
        """Whether to ask now; remembers that it did."""
        if not self.misses(now):
            return False
        if self.asked_at is not None and now - self.asked_at < RETRY_S:
            return False
        self.asked_at = now
        return True

    def _progress(self, applied: int, now: float) -> None:
        self.applied = applied
        self.known = True
        self.stuck_since = now if self.behind else None
        if self.asked_at is not None:
            self.asked_at = now if self.behind else None

    def _stuck(self, now: float) -> None:
        if self.stuck_since is None:
            self.stuck_since = now
