"""Moves handlers' work from the queue on disk to their threads and back, within the batches of the service's loop.

Rules:
1. Work is marked as begun in one batch and handed over in the next, when the mark is committed. So work that must not
   run twice is known to have begun, even after a crash.
2. The outcome is written in the batch that fetches it. A crash in between repeats the attempt: at least once.
"""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from services.event_processor.adapters.measures import NEWEST, p95
from services.event_processor.adapters.plugins import PluginCall, find
from services.event_processor.adapters.work_table import WorkTable
from services.event_processor.adapters.workers import Worker
from services.event_processor.core.device.latch import stamp
from services.event_processor.core.pipeline.health import HandlerVitals
from services.event_processor.core.pipeline.rules import PipelineRules, Plugin, Remote, Webhook
from services.event_processor.core.pipeline.work import (
    Again,
    Done,
    Failed,
    GivenUp,
    Outcome,
    Task,
    after_a_crash,
    dead_letter,
    judge,
)
from shared.messages import Candidate


class Clocks(Protocol):
    """The two clocks of a service, as ``shared.delivery.endpoint.Clock`` has them."""

    @property
    def wall(self) -> Callable[[], datetime]:
        """Aware UTC."""

    @property
    def monotonic(self) -> Callable[[], float]:
        """Seconds."""


class Call(Protocol):
    """The function of a handler, called in its thread."""

    def __call__(self, task: Task) -> Outcome:
        """Handle the event; an exception is a failed attempt."""

    def close(self) -> None:
        """Let go of connections."""


HANDFUL = 32  # of work given to a handler at once
Reject = Callable[[str, bytes, str], None]


def calls(rules: PipelineRules, clock: Callable[[], datetime]) -> dict[str, Call]:
    """Return the function of each webhook and plug-in; raises ConfigError for an unknown entry point."""
    made: dict[str, Call] = {}
    for name, handler in rules.handlers.items():
        if isinstance(handler, Webhook):
            from services.event_processor.adapters.webhooks import WebhookCall  # whoever calls nobody needs no HTTP

            made[name] = WebhookCall(handler, clock)
        elif isinstance(handler, Plugin):
            made[name] = PluginCall(find(name, handler), handler.options)
    return made


@dataclass(frozen=True, slots=True)
class DerivedOffer:
    """An event that a handler returned for one that ends a chain of ``depth``."""

    handler: str
    candidate: Candidate
    depth: int


@dataclass(slots=True)
class HandlerRecord:
    """One handler's figures since the start."""

    vitals: HandlerVitals = field(default_factory=HandlerVitals)
    times_ms: deque[float] = field(default_factory=lambda: deque(maxlen=NEWEST))


class HandlerScheduler:
    """Gives work to the handlers and decides by its outcome. ``jitter`` gives 0…1; ``wake`` ends a wait.

    ``reports_dead_letters``: the catalogue has the event type that reports them.
    """

    def __init__(
        self,
        rules: PipelineRules,
        made: Mapping[str, Call],
        table: WorkTable,
        clocks: Clocks,
        reject: Reject,
        wake: Callable[[], None],
        jitter: Callable[[], float] = random.random,
        *,
        reports_dead_letters: bool = False,
    ) -> None:
        self._handlers: dict[str, Remote] = {
            name: handler for name, handler in rules.handlers.items() if isinstance(handler, Webhook | Plugin)
        }
        self._calls = made
        self._table = table
        self._clocks = clocks
        self._reject = reject
        self._jitter = jitter
        self._reports_dead_letters = reports_dead_letters
        self._marked: dict[str, list[Task]] = {}
        self._records = {name: HandlerRecord() for name in self._handlers}
        self._workers = {
            name: Worker(made[name], handler.timeout_s, clocks.monotonic, wake)
            for name, handler in self._handlers.items()
        }

    def recover(self) -> list[DerivedOffer]:
        """Decide on the work that was under way in the last process; call once, inside a transaction."""
        derived: list[DerivedOffer] = []
        for task in [*self._table.left(), *self._table.of_strangers(self._handlers)]:
            derived += self._settle(task, after_a_crash(task.handler, self._handlers.get(task.handler)))
        return derived

    def work(self) -> list[DerivedOffer]:
        """Hand over, fetch, and mark the next work; return the events to offer. Call inside the transaction."""
        derived: list[DerivedOffer] = []
        for name, tasks in self._marked.items():
            self._workers[name].give(tasks)
        self._marked.clear()
        for name, worker in self._workers.items():
            for task, outcome, took_s in worker.finished():
                self._note(name, outcome, took_s)
                verdict = judge(name, self._handlers[name], task.attempts, outcome, self._jitter())
                derived += self._settle(task, verdict)
            for task in worker.given_back:
                self._table.give_back(task.place)
            worker.given_back.clear()
        if self._table.waiting:
            now = self._clocks.wall().timestamp()
            for name, worker in self._workers.items():
                if worker.free and (begun := self._table.begin(name, now, self._handful(name))):
                    self._marked[name] = begun
        return derived

    def _handful(self, name: str) -> int:
        """Return how many tasks to give a handler; one at a time to one that must not run twice."""
        return HANDFUL if self._handlers[name].idempotent else 1

    def wait_s(self) -> float:
        """How long the loop may wait before something here is due."""
        if self._marked:
            return 0.0
        waits = [wait for worker in self._workers.values() if (wait := worker.patience_s()) is not None]
        if any(worker.free for worker in self._workers.values()) and (due := self._table.next_due()) is not None:
            waits.append(max(0.0, due - self._clocks.wall().timestamp()))
        return min(waits, default=10.0)

    def close(self) -> None:
        """Wait a moment for attempts under way, and close connections; unfinished ones are retried later."""
        for name, worker in self._workers.items():
            worker.wait(1.0)
            self._calls[name].close()

    def vitals(self) -> dict[str, HandlerVitals]:
        """Return the figures of each handler."""
        waiting = self._table.by_handler()
        return {
            name: replace(
                record.vitals,
                waiting=waiting.get(name, 0),
                stuck=self._workers[name].stuck,
                p95_ms=p95(record.times_ms),
            )
            for name, record in self._records.items()
        }

    def _settle(self, task: Task, verdict: Done | Again | GivenUp) -> Iterator[DerivedOffer]:
        match verdict:
            case Done(derived):
                depth = _depth(task)
                yield from (DerivedOffer(task.handler, candidate, depth) for candidate in derived)
                self._table.done(task.place)
            case Again(pause_s):
                self._table.again(task.place, self._clocks.wall().timestamp() + pause_s)
            case GivenUp(reason):
                self._reject(f"handler/{task.handler}", task.payload, reason)
                if self._reports_dead_letters:
                    event_type = str(json.loads(task.payload)["type"])
                    yield DerivedOffer(task.handler, dead_letter(task, event_type, reason), _depth(task))
                self._table.done(task.place)
        self._end(task.handler, verdict)

    def _end(self, name: str, verdict: Done | Again | GivenUp) -> None:
        record = self._records.get(name)
        if record is not None and not isinstance(verdict, Again):
            gave_up = isinstance(verdict, GivenUp)
            vitals = record.vitals
            record.vitals = replace(vitals, given_up=vitals.given_up + gave_up, gave_up_last=gave_up)

    def _note(self, name: str, outcome: Outcome, took_s: float) -> None:
        record = self._records[name]
        record.times_ms.append(took_s * 1000)
        vitals = replace(record.vitals, attempts=record.vitals.attempts + 1)
        if isinstance(outcome, Failed):
            vitals = replace(
                vitals,
                failures=vitals.failures + 1,
                failures_in_a_row=vitals.failures_in_a_row + 1,
                last_error=outcome.reason,
            )
        else:
            vitals = replace(vitals, failures_in_a_row=0, last_success=stamp(self._clocks.wall()))
        record.vitals = vitals


def _depth(task: Task) -> int:
    depth = json.loads(task.payload).get("metadata", {}).get("depth", 0)
    return depth if isinstance(depth, int) else 0
