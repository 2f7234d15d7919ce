"""A delivery worker: the thread that sends the notices of one channel in order, over a ledger connection of its own.

Rules:
1. The oldest waiting notice is sent first, and the next one only when it has arrived or is given up.
2. No ledger transaction is open while the network is in use. Outcomes are written before further attempts: while the
   ledger cannot be written (a full disk), nothing is sent.
3. The process can be killed between sending and writing. So a channel with ``on_doubt: skip`` writes ``under_way``
   before it sends. A channel that repeats does without that write, and sends again with the same id. Where many wait,
   it sends up to ``HANDFUL`` before it writes, within ``HANDFUL_S``: each write syncs the disk.
"""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from services.alerter.adapters.notice_store import SCHEMA, NoticeStore, QueuedNotice
from services.alerter.core.notify.channels import Channel
from services.alerter.core.notify.delivery import (
    Attempts,
    DeliveryState,
    Failed,
    GivenUp,
    OnDoubt,
    Outcome,
    RetryLater,
    Sender,
    Sent,
    Verdict,
    after_a_crash,
    decide_delivery,
)
from shared.instants import us_to_time
from shared.ledger import Ledger, LedgerDamagedError, LedgerError, Way
from shared.notices import Notice

log = logging.getLogger(__name__)
IDLE_S = 10.0
LEDGER_BUSY_S = 1.0
PATIENCE_S, LOOK_S = 10.0, 0.002
HANDFUL, HANDFUL_S = 16, 0.25
_STATES: dict[type[Verdict], DeliveryState] = {
    Sent: DeliveryState.SENT,
    RetryLater: DeliveryState.WAITING,
    GivenUp: DeliveryState.GIVEN_UP,
}


@dataclass(frozen=True, slots=True)
class WorkerFigures:
    """A worker's figures since its start. ``last_error`` is empty after a success."""

    sent: int = 0
    given_up: int = 0
    failures: int = 0
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks, and ``jitter`` in 0…1, which spreads the pauses."""

    wall: Callable[[], datetime]
    monotonic: Callable[[], float]
    jitter: Callable[[], float] = random.random


class DeliveryWorker:
    """Delivers the notices of one channel from the ledger at ``path``."""

    def __init__(
        self, path: Path | str, channel: Channel, sender: Sender, clocks: Clocks, way: Way | None = None
    ) -> None:
        self._path = path
        self._way = way
        self._channel = channel
        self._sender = sender
        self._clocks = clocks
        self._wake = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run, name=channel.name, daemon=True)
        self._unwritten: list[tuple[QueuedNotice, Verdict]] = []  # rule 2
        self._begun = False
        self._failing_since: float | None = None
        self._row = 0  # failures in a row
        self._not_before = float("-inf")
        self.state = WorkerFigures()
        self.fault: Exception | None = None  # a damaged ledger: for the process to end on

    @property
    def name(self) -> str:
        """The channel's name."""
        return self._channel.name

    @property
    def alive(self) -> bool:
        """Whether the thread runs; False between ``start`` and ``stop`` means a bug, and the process should end."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; once only."""
        self._thread.start()

    def wake(self) -> None:
        """Look for notices now instead of after the pause."""
        self._wake.set()

    def stop(self) -> None:
        """Begin no further attempt."""
        self._stop = True
        self._wake.set()

    def join(self, patience_s: float) -> None:
        """Wait for the attempt under way, at most ``patience_s``. A longer one ends as by a kill: see rule 3."""
        if self._thread.ident is not None:
            self._thread.join(patience_s)

    def step(self, ledger: Ledger, notices: NoticeStore) -> float:
        """Send up to ``HANDFUL`` due notices; return the seconds until the next step."""
        now = self._clocks.monotonic()
        if now < self._not_before:
            return self._not_before - now
        try:
            return self._step(ledger, notices)
        except LedgerDamagedError:
            raise
        except LedgerError as error:
            self.state = replace(self.state, last_error=str(error))
            return LEDGER_BUSY_S

    def _run(self) -> None:
        try:
            with closing(self._sender), closing(Ledger(self._path, [SCHEMA], way=self._way)) as ledger:
                notices = NoticeStore(ledger)
                while not self._stop:
                    wait_s = self.step(ledger, notices)
                    if wait_s:
                        self._wake.wait(wait_s)
                    self._wake.clear()
        except (LedgerDamagedError, sqlite3.Error) as error:
            self.fault = error

    def _step(self, ledger: Ledger, notices: NoticeStore) -> float:
        if self._unwritten:
            return self._write(ledger, notices)
        heads = notices.heads(self.name, 1 if self._channel.care.on_doubt is OnDoubt.SKIP else HANDFUL)
        first, self._begun = not self._begun, True
        if not heads:
            return IDLE_S
        enough_s = self._clocks.monotonic() + HANDFUL_S
        for head in heads:
            verdict = after_a_crash(self._channel.care) if first and head.state is DeliveryState.UNDER_WAY else None
            self._unwritten.append((head, verdict or self._deliver(ledger, notices, head)))
            if isinstance(self._unwritten[-1][1], RetryLater) or self._clocks.monotonic() > enough_s or self._stop:
                break
        return self._write(ledger, notices)

    def _deliver(self, ledger: Ledger, notices: NoticeStore, head: QueuedNotice) -> Verdict:
        try:
            notice = Notice.model_validate_json(head.content)
        except ValidationError as error:
            return GivenUp(f"its row in the ledger cannot be read: {error}")
        if self._channel.care.on_doubt is OnDoubt.SKIP:
            self._note(ledger, notices, [(head, DeliveryState.UNDER_WAY, "", 0)])
        return self._judge(head, notice, self._send(notice))

    def _note(
        self, ledger: Ledger, notices: NoticeStore, rows: Sequence[tuple[QueuedNotice, DeliveryState, str, int]]
    ) -> None:
        """Write the states of notices. SQLite waits for a lock in steps of up to 100 ms; here the steps are short."""
        ledger.db.execute("PRAGMA busy_timeout = 0")
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with ledger.transaction():
                    for head, state, reason, tries in rows:
                        notices.note(self.name, head.place, state, reason, tries)
                    return
            except LedgerError as error:
                if "locked" not in str(error.__cause__) or time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_S)

    def _send(self, notice: Notice) -> Outcome:
        try:
            return self._sender.send(notice)
        except Exception as error:  # noqa: BLE001 - a fault of one plug-in must not stop the other channels
            return Failed(f"{type(error).__name__} in sending, which is a fault of the sender", doubtful=True)

    def _judge(self, head: QueuedNotice, notice: Notice, outcome: Outcome) -> Verdict:
        now = self._clocks.monotonic()
        if isinstance(outcome, Sent):
            self._row, self._failing_since = 0, None
        else:
            self._row += 1
            self._failing_since = now if self._failing_since is None else self._failing_since
            self.state = replace(self.state, failures=self.state.failures + 1, last_error=outcome.reason)
        failing = timedelta(seconds=0 if self._failing_since is None else now - self._failing_since)
        waited = self._clocks.wall() - us_to_time(head.queued_us)
        return decide_delivery(
            self._channel.care, notice, outcome, Attempts(self._row, failing, waited), self._clocks.jitter()
        )

    def _write(self, ledger: Ledger, notices: NoticeStore) -> float:
        rows = [(head, _STATES[type(verdict)], _reason(verdict), 1) for head, verdict in self._unwritten]
        self._note(ledger, notices, rows)
        verdicts = [verdict for _, verdict in self._unwritten]
        self._unwritten.clear()
        for verdict in verdicts:
            self._count(verdict)
        if not isinstance(last := verdicts[-1], RetryLater):
            return 0.0
        self._not_before = self._clocks.monotonic() + last.pause_s
        return last.pause_s

    def _count(self, verdict: Verdict) -> None:
        if isinstance(verdict, Sent):
            self.state = replace(self.state, sent=self.state.sent + 1, last_error="")
        elif isinstance(verdict, GivenUp):
            log.error("%s: a notice is given up: %s", self.name, verdict.reason)
            self.state = replace(self.state, given_up=self.state.given_up + 1, last_error=verdict.reason)
        elif self._row == 1:
            log.warning("%s: a notice waits: %s", self.name, verdict.reason)


def _reason(verdict: Verdict) -> str:
    return "" if isinstance(verdict, Sent) else verdict.reason
