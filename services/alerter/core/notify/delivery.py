"""The delivery of a notice over one channel of a receiver: what follows each attempt.

Rules:
1. A notice is retried until it has arrived, with pauses that double up to a cap. Later notices wait: a channel keeps
   the order. Channels do not wait for each other.
2. It is given up when the channel refuses this notice for good, or when it has waited ``give_up_after`` and the
   channel has failed for ``FAIR_TRIAL`` in this process: a machine that was off for a day tries first.
3. A test is tried once: a person waits for the result.
4. After a failure in doubt (the notice may have arrived all the same) ``on_doubt`` decides: ``repeat`` loses nothing
   and may notify twice, with the same id; ``skip`` notifies at most once and may lose one.
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
    """The state of a notice on a channel. ``LOST``: given up, and reported as an event."""

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
    """The other side has accepted it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt failed. ``final``: a retry cannot succeed. ``doubtful``: the notice may have arrived all the same."""

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
    """Sends notices over one channel."""

    def send(self, notice: Notice) -> Outcome:
        """Send a notice, in bounded time. An exception counts as a failure in doubt."""

    def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """The channel's failures in a row, this one included, and for how long it has been failing.

    ``waited`` is the age of the notice.
    """

    failures: int
    failing: timedelta
    waited: timedelta


def decide_delivery(care: RetryPolicy, notice: Notice, outcome: Outcome, attempts: Attempts, jitter: float) -> Verdict:
    """Decide what follows an attempt; ``jitter`` in 0…1 spreads the pauses."""
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
    """Decide on a notice that was under way when the process died; None: send it again."""
    if care.on_doubt is OnDoubt.REPEAT:
        return None
    return GivenUp("it was under way when the process ended, and on_doubt: skip forbids to repeat it")
