"""A courier: the thread that takes the notices of one channel out, one after the other, over its own ledger.

Rules:
1. The oldest that waits goes first, and nothing behind it before it has arrived or is given up.
2. No ledger transaction is open while the network is in use. What came of an attempt is written before the next one
   begins: while the ledger cannot be written (a full disk), nothing is sent.
3. Between sending and writing a kill can come. A channel with ``on_doubt: skip`` therefore notes before it sends that
   it is about to; one that repeats saves itself that write, and sends again with the same id.
"""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from services.alerter.adapters.notices import SCHEMA, Head, Notices
from services.alerter.core.notify.channels import Channel
from services.alerter.core.notify.delivery import (
    Again,
    Failed,
    GivenUp,
    OnDoubt,
    Outcome,
    Sender,
    Sent,
    State,
    Trial,
    Verdict,
    after_a_crash,
    judge,
)
from shared.instants import us_to_time
from shared.ledger import Ledger, LedgerDamagedError, LedgerError
from shared.notices import Notice

log = logging.getLogger(__name__)
IDLE_S = 10.0
LEDGER_BUSY_S = 1.0
_STATES: dict[type[Verdict], State] = {Sent: State.SENT, Again: State.WAITING, GivenUp: State.GIVEN_UP}


@dataclass(frozen=True, slots=True)
class Carried:
    """A courier's figures since its start. ``last_error`` is empty again once something has arrived."""

    sent: int = 0
    given_up: int = 0
    failures: int = 0
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Clocks:
    """``wall`` and ``monotonic``, and ``jitter`` in 0…1 by which pauses are spread."""

    wall: Callable[[], datetime]
    monotonic: Callable[[], float]
    jitter: Callable[[], float] = random.random


class Courier:
    """Carries the notices of one channel from the ledger at ``path``."""

    def __init__(self, path: Path | str, channel: Channel, sender: Sender, clocks: Clocks) -> None:
        self._path = path
        self._channel = channel
        self._sender = sender
        self._clocks = clocks
        self._wake = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run, name=channel.name, daemon=True)
        self._unwritten: tuple[Head, Verdict] | None = None  # rule 2
        self._begun = False
        self._failing_since: float | None = None
        self._row = 0  # failures in a row
        self._not_before = float("-inf")
        self.state = Carried()
        self.fault: Exception | None = None  # a damaged ledger: for the process to end on

    @property
    def name(self) -> str:
        """The channel's name."""
        return self._channel.name

    @property
    def alive(self) -> bool:
        """True from ``start`` until ``stop``; False in between means a bug, and the process should end."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to carry; once only."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something to carry."""
        self._wake.set()

    def stop(self) -> None:
        """Begin nothing further."""
        self._stop = True
        self._wake.set()

    def join(self, patience_s: float) -> None:
        """Wait for the attempt under way. What it leaves behind is as after a kill: see rule 3."""
        if self._thread.ident is not None:
            self._thread.join(patience_s)

    def step(self, ledger: Ledger, notices: Notices) -> float:
        """Carry one notice, if one is due; return the seconds until there may be something to do."""
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
            with closing(self._sender), closing(Ledger(self._path, [SCHEMA])) as ledger:
                notices = Notices(ledger)
                while not self._stop:
                    wait_s = self.step(ledger, notices)
                    if wait_s:
                        self._wake.wait(wait_s)
                    self._wake.clear()
        except (LedgerDamagedError, sqlite3.Error) as error:
            self.fault = error

    def _step(self, ledger: Ledger, notices: Notices) -> float:
        if self._unwritten is not None:
            return self._write(ledger, notices, *self._unwritten)
        head = notices.head(self.name)
        first, self._begun = not self._begun, True
        if head is None:
            return IDLE_S
        care = self._channel.care
        if first and head.state is State.UNDER_WAY and (verdict := after_a_crash(care)) is not None:
            return self._write(ledger, notices, head, verdict)
        try:
            notice = Notice.model_validate_json(head.content)
        except ValidationError as error:
            return self._write(ledger, notices, head, GivenUp(f"what the ledger holds of it cannot be read: {error}"))
        if care.on_doubt is OnDoubt.SKIP:
            with ledger.transaction():
                notices.note(self.name, head.place, State.UNDER_WAY)
        outcome = self._send(notice)
        return self._write(ledger, notices, head, self._judge(head, notice, outcome))

    def _send(self, notice: Notice) -> Outcome:
        try:
            return self._sender.send(notice)
        except Exception as error:  # noqa: BLE001 - whatever a service's plug-in does, the others go on
            return Failed(f"{type(error).__name__} in sending, which is a fault of the sender", doubtful=True)

    def _judge(self, head: Head, notice: Notice, outcome: Outcome) -> Verdict:
        now = self._clocks.monotonic()
        if isinstance(outcome, Sent):
            self._row, self._failing_since = 0, None
        else:
            self._row += 1
            self._failing_since = now if self._failing_since is None else self._failing_since
            self.state = replace(self.state, failures=self.state.failures + 1, last_error=outcome.reason)
        failing = timedelta(seconds=0 if self._failing_since is None else now - self._failing_since)
        waited = self._clocks.wall() - us_to_time(head.queued_us)
        return judge(self._channel.care, notice, outcome, Trial(self._row, failing, waited), self._clocks.jitter())

    def _write(self, ledger: Ledger, notices: Notices, head: Head, verdict: Verdict) -> float:
        self._unwritten = (head, verdict)
        reason = "" if isinstance(verdict, Sent) else verdict.reason
        with ledger.transaction():
            notices.note(self.name, head.place, _STATES[type(verdict)], reason, tries=1)
        self._unwritten = None
        if isinstance(verdict, Again):
            if self._row == 1:
                log.warning("%s: a notice waits: %s", self.name, reason)
            self._not_before = self._clocks.monotonic() + verdict.pause_s
            return verdict.pause_s
        if isinstance(verdict, GivenUp):
            log.error("%s: a notice is given up: %s", self.name, reason)
            self.state = replace(self.state, given_up=self.state.given_up + 1, last_error=reason)
        else:
            self.state = replace(self.state, sent=self.state.sent + 1, last_error="")
        return 0.0
