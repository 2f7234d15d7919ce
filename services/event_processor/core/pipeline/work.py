"""What follows an attempt of a handler: done, a retry after a pause, or given up.

Rules:
1. An ``idempotent`` handler has ``attempts`` attempts, with pauses that double; a final failure ends them at once. Any
   other handler has one attempt.
2. Work that was under way when the process died is retried if the handler is ``idempotent``. Otherwise it is given up,
   because its outcome is unknown.
3. Work given up becomes a dead letter with the event and the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.event_processor.core.pipeline.rules import Remote
from shared.messages import Candidate, Severity
from shared.retries import pause_s

DEAD_LETTER = "event.dead_letter"  # reports that work was given up


@dataclass(frozen=True, slots=True)
class Task:
    """One event for one handler. ``payload`` is the event as JSON; ``attempts`` counts this one."""

    place: int
    handler: str
    event_id: str
    payload: bytes
    attempts: int


def dead_letter(task: Task, event_type: str, reason: str) -> Candidate:
    """Return the event that reports work given up; the same work always gives the same one."""
    data = {"event": task.event_id, "type": event_type, "handler": task.handler, "attempts": task.attempts}
    return Candidate(
        type=DEAD_LETTER,
        id=f"dead/{task.event_id}",
        data={**data, "reason": reason},
        metadata={"caused_by": task.event_id},
    )


@dataclass(frozen=True, slots=True)
class Done:
    """The attempt succeeded. ``derived`` are the events that it offers."""

    derived: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt failed. ``final``: a retry cannot succeed. ``retry_after_s`` is the other side's Retry-After."""

    reason: str
    final: bool = False
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """Retry after this pause."""

    pause_s: float


@dataclass(frozen=True, slots=True)
class GivenUp:
    """No retry; ``reason`` is for the dead letter."""

    reason: str


Outcome = Done | Failed


def judge(name: str, handler: Remote, attempts: int, outcome: Outcome, jitter: float) -> Done | Again | GivenUp:
    """Decide what follows attempt number ``attempts``; ``jitter`` in 0…1 spreads the pauses."""
    if isinstance(outcome, Done):
        return outcome
    if outcome.final or attempts >= handler.tries:
        tried = "once" if attempts == 1 else f"{attempts} times"
        return GivenUp(f"handler {name} was tried {tried} and failed: {outcome.reason}")
    return Again(pause_s(attempts, handler.first_pause_s, handler.longest_pause_s, jitter, outcome.retry_after_s))


def after_a_crash(name: str, handler: Remote | None) -> Again | GivenUp:
    """Decide on work that was under way when the process died; ``handler`` None: it was removed from the settings."""
    if handler is None:
        return GivenUp(f"handler {name} is not in config/pipeline.yaml any more")
    if handler.idempotent:
        return Again(0.0)
    return GivenUp(f"handler {name} was at it when the process ended, and must not do it twice: see what came of it")


class Leaves(StrEnum):
    """Which work leaves a full queue."""

    NOBODY = "nobody"
    NEWCOMER = "newcomer"
    WAITING = "waiting"


def who_leaves(newcomer_rank: int, least_rank: int | None) -> Leaves:
    """Decide which work leaves a full queue; ``least_rank``: the least severity that waits, critical left out.

    The oldest of the least severity leaves. A critical newcomer is queued even where only critical work waits.
    """
    if least_rank is not None and least_rank <= newcomer_rank:
        return Leaves.WAITING
    return Leaves.NOBODY if newcomer_rank >= CRITICAL else Leaves.NEWCOMER


CRITICAL = list(Severity).index(Severity.CRITICAL)
