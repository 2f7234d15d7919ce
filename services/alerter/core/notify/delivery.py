"""A notice on its way over one channel of a receiver: what becomes of it after each attempt.

Rules:
1. A notice is tried until it has arrived, with pauses that double up to a cap. What comes behind it waits: a channel
   keeps the order. Channels do not wait for each other.
2. It is given up when the channel refuses this notice for good, or when it has waited ``give_up_after`` and the
   channel has failed for ``FAIR_TRIAL`` in this process: a machine that was off for a day tries first.
3. A test is tried once: a person waits to hear what came of it.
4. After a failure of which nobody knows whether the notice arrived all the same, ``on_doubt`` decides: ``repeat``
   loses nothing and may notify twice, with the same id; ``skip`` notifies at most once and may lose one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from shared.notices import Notice, NoticeReason
from shared.retries import pause_s

FAIR_TRIAL = timedelta(minutes=10)


class OnDoubt(StrEnum):
    """What to do when a notice may or may not have arrived."""

    REPEAT = "repeat"
    SKIP = "skip"


class DeliveryState(StrEnum):
    """Where a notice stands on a channel. ``LOST`` is given up and reported as an event."""

    WAITING = "waiting"
    UNDER_WAY = "under_way"
    SENT = "sent"
    GIVEN_UP = "given_up"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How hard a channel tries."""

    on_doubt: OnDoubt = OnDoubt.REPEAT
    give_up_after: timedelta = timedelta(days=1)
    first_pause_s: float = 1.0
    longest_pause_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side has it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not work. ``final``: this notice never will; ``doubtful``: it may have arrived all the same."""

    reason: str
    final: bool = False
    doubtful: bool = False
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Try again after this pause."""

    pause_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """No further try; ``reason`` is for a person."""

    reason: str


Outcome = Sent | Failed
Verdict = Sent | RetryLater | GivenUp


class Sender(Protocol):
    """The way out of one channel."""

    def send(self, notice: Notice) -> Outcome:
        """Send a notice, in bounded time. What it raises counts as a failure in doubt."""

    def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """What has been tried: failures of the channel in a row with this one, and how long that has gone on.

    ``waited`` is since the notice was made.
    """

    failures: int
    failing: timedelta
    waited: timedelta


def decide_delivery(care: RetryPolicy, notice: Notice, outcome: Outcome, attempts: Attempts, jitter: float) -> Verdict:
    """Say what becomes of a notice after an attempt; ``jitter`` in 0…1 spreads the pauses."""
    if isinstance(outcome, Sent):
        return outcome
    if outcome.final:
        return GivenUp(outcome.reason)
    if outcome.doubtful and care.on_doubt is OnDoubt.SKIP:
        return GivenUp(f"{outcome.reason}; it may have arrived, and on_doubt: skip forbids to repeat it")
    if notice.reason is NoticeReason.TEST:
        return GivenUp(outcome.reason)
    if attempts.waited >= care.give_up_after and attempts.failing >= min(FAIR_TRIAL, care.give_up_after):
        hours = attempts.waited / timedelta(hours=1)
        return GivenUp(f"waited {hours:.1f} h, and the channel still fails: {outcome.reason}")
    pause = pause_s(attempts.failures, care.first_pause_s, care.longest_pause_s, jitter, outcome.retry_after_s)
    return RetryLater(pause, outcome.reason)


def after_a_crash(care: RetryPolicy) -> GivenUp | None:
    """Say what becomes of a notice that was under way when the process died; None: it is sent again."""
    if care.on_doubt is OnDoubt.REPEAT:
        return None
    return GivenUp("it was under way when the process ended, and on_doubt: skip forbids to repeat it")
