"""Handlers' work: the queue on the disk, the threads, and what becomes of an attempt."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.event_processor.adapters.handler_scheduler import DerivedOffer, HandlerScheduler
from services.event_processor.adapters.plugins import PluginCall, find
from services.event_processor.adapters.work_table import SCHEMA, WorkTable
from services.event_processor.adapters.workers import LEFT_ALONE
from services.event_processor.core.pipeline.rules import PipelineRules, Plugin
from services.event_processor.core.pipeline.work import (
    Again,
    Done,
    Failed,
    GivenUp,
    Leaves,
    Outcome,
    Task,
    after_a_crash,
    judge,
    who_leaves,
)
from shared.ledger import Ledger
from shared.messages import Candidate
from shared.settings import ConfigError
from tests.support.event_flow import event
from tests.support.scenarios import START

HANDLER = Plugin(kind="plugin", entry_point="x", attempts=3, first_pause_s=2, longest_pause_s=5)
ONCE = HANDLER.model_copy(update={"idempotent": False})
TASK = Task(1, "a", "id", b"{}", 1)
DEADLINE_S = 20


def test_pauses_double_up_to_the_longest():
    """Spread by jitter, from half to the whole."""
    plenty = HANDLER.model_copy(update={"attempts": 99})
    pauses = [judge("a", plenty, n, Failed("no"), jitter=1.0) for n in (1, 2, 3, 98)]

    assert [Again(2.0), Again(4.0), Again(5.0), Again(5.0)] == pauses
    assert Again(1.0) == judge("a", plenty, 1, Failed("no"), jitter=0.0)


def test_the_last_attempt_ends_in_a_dead_letter():
    """With the reason, and how often it was tried."""
    assert GivenUp("handler a was tried 3 times and failed: no") == judge("a", HANDLER, 3, Failed("no"), 0.5)


def test_a_refusal_for_good_is_not_tried_again():
    """The other side has said what it thinks."""
    assert GivenUp("handler a was tried once and failed: 404") == judge("a", HANDLER, 1, Failed("404", final=True), 0.5)


def test_what_must_not_happen_twice_is_tried_once():
    """Also across a death of the process, when nobody knows what came of it."""
    assert isinstance(judge("a", ONCE, 1, Failed("no"), 0.5), GivenUp)
    assert isinstance(after_a_crash("a", ONCE), GivenUp)
    assert Again(0.0) == after_a_crash("a", HANDLER)


def test_the_other_side_may_ask_for_a_longer_pause():
    """Retry-After, up to an hour."""
    assert [Again(60.0), Again(3600.0)] == [
        judge("a", HANDLER, 1, Failed("busy", retry_after_s=s), 0.5) for s in (60.0, 86_400.0)
    ]


@pytest.mark.parametrize(
    ("newcomer", "least", "leaves"),
    [(0, 0, "waiting"), (3, 0, "waiting"), (0, 1, "newcomer"), (2, None, "newcomer"), (3, None, "nobody")],
)
def test_a_full_queue_lets_go_of_the_least(newcomer: int, least: int | None, leaves: str):
    """Ranks of severity, 3 is critical; the least that waits is never critical."""
    assert Leaves(leaves) == who_leaves(newcomer, least)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """A ledger in memory."""
    opened = Ledger(":memory:", [SCHEMA])
    yield opened
    opened.close()


def test_a_full_queue_drops_the_oldest_of_least_severity_and_never_a_critical_one(ledger: Ledger):
    """A11.8: counted by severity."""
    table = WorkTable(ledger, 3)
    names = ["CHARGING_STARTED", "I2C_ERROR", "THERMAL_SHUTDOWN", "AC_POWER_LOSS", "CHARGING_COMPLETED"]
    names += ["DC_OUTPUT_LOSS", "OVERCURRENT_DETECTED", "OVERVOLTAGE_DETECTED"]
    for second, name in enumerate(names):
        table.add("a", event(second, name), second)
    waiting = [row[0].split("/")[0] for row in ledger.db.execute("SELECT event FROM work ORDER BY place")]

    assert ["THERMAL_SHUTDOWN", "DC_OUTPUT_LOSS", "OVERCURRENT_DETECTED", "OVERVOLTAGE_DETECTED"] == waiting
    assert {"info": 2, "warning": 1, "error": 1} == table.dropped
    assert {"info": 2, "warning": 1, "error": 1} == WorkTable(ledger, 3).dropped


def test_critical_work_comes_first(ledger: Ledger):
    """A11.10: then the others as they came."""
    table = WorkTable(ledger, 10)
    for second, name in enumerate(["I2C_ERROR", "CHARGING_STARTED", "THERMAL_SHUTDOWN"]):
        table.add("a", event(second, name), second)
    order = [task.event_id.split("/")[0] for task in [*table.begin("a", 9), *table.begin("a", 9, 9)]]

    assert ["THERMAL_SHUTDOWN", "I2C_ERROR", "CHARGING_STARTED"] == order


def test_an_event_waits_once_for_a_handler(ledger: Ledger):
    """However often it is routed."""
    table = WorkTable(ledger, 10)
    table.add("a", event(0), 0)
    table.add("a", event(0), 0)

    assert 1 == table.waiting


class Clocks:
    """Stands still until it is put on; threads are waited for on the machine's own clock."""

    def __init__(self) -> None:
        self.now = START
        self.seconds = 0.0

    def wall(self) -> datetime:
        """Return the time."""
        return self.now

    def monotonic(self) -> float:
        """Return the seconds."""
        return self.seconds

    def put_on(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.seconds += seconds


class Function:
    """A handler of a few lines, as a Call."""

    def __init__(self, function: Callable[[Task], Outcome]) -> None:
        self.function = function
        self.tasks: list[Task] = []

    def __call__(self, task: Task) -> Outcome:
        """Note the task and do it."""
        self.tasks.append(task)
        return self.function(task)

    def close(self) -> None:
        """Nothing to close."""


class Bench:
    """A scheduler over a table, with what it derived and gave up."""

    def __init__(self, ledger: Ledger, **functions: Callable[[Task], Outcome]) -> None:
        self.ledger = ledger
        self.clocks = Clocks()
        self.calls = {name: Function(function) for name, function in functions.items()}
        each = HANDLER.model_dump() | {"timeout_s": 10}
        self.rules = PipelineRules.model_validate({"handlers": dict.fromkeys(functions, each)})
        self.table = WorkTable(ledger, 100)
        self.derived: list[DerivedOffer] = []
        self.rejected: list[tuple[str, bytes, str]] = []
        self.woken = threading.Event()
        self.scheduler = self.begin()

    def begin(self) -> HandlerScheduler:
        """Return a scheduler as it is after a start of the process."""
        return HandlerScheduler(
            self.rules,
            self.calls,
            self.table,
            self.clocks,
            lambda *rejected: self.rejected.append(rejected),
            self.woken.set,
            jitter=lambda: 1.0,
            reports_dead_letters=True,
        )

    def turn(self) -> None:
        """One batch."""
        with self.ledger.transaction():
            self.derived += self.scheduler.work()

    def until(self, holds: Callable[[], bool]) -> None:
        """Turn until it holds."""
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline
            self.turn()
            self.woken.wait(0.01)


def fail(_: Task) -> Outcome:
    """Fail."""
    raise ZeroDivisionError("on purpose")


def test_one_that_fails_stops_nobody_else_and_ends_in_a_dead_letter(ledger: Ledger):
    """A11.16: three attempts with pauses between, then set aside with the event; the other has its events at once."""
    bench = Bench(ledger, bad=fail, good=lambda _: Done())
    for name in ("bad", "good"):
        bench.table.add(name, event(0), bench.clocks.wall().timestamp())
    bench.until(lambda: bench.scheduler.vitals()["good"].last_success is not None)
    for attempts in (1, 2, 3):
        bench.until(lambda attempts=attempts: bench.scheduler.vitals()["bad"].attempts == attempts)
        bench.clocks.put_on(6)

    assert [("handler/bad", "handler bad was tried 3 times and failed: ZeroDivisionError: on purpose")] == [
        (where, reason) for where, _, reason in bench.rejected
    ]
    assert 0 == bench.table.waiting
    (derived,) = bench.derived
    told = derived.candidate
    assert ("bad", "event.dead_letter", 0) == (derived.handler, told.type, derived.depth)
    assert {
        "event": "I2C_ERROR/ups/0",
        "type": "I2C_ERROR",
        "handler": "bad",
        "attempts": 3,
    }.items() <= told.data.items()
    vitals = bench.scheduler.vitals()["bad"]
    assert (1.0, 3, 1, True) == (vitals.error_rate, vitals.failures_in_a_row, vitals.given_up, vitals.gave_up_last)


def test_one_that_hangs_is_left_alone_past_its_time(ledger: Ledger):
    """A11.9, A11.16: each attempt counts as failed after its timeout, others go on, and it is stuck in the end."""
    release = threading.Event()

    def hang(_: Task) -> Outcome:
        release.wait(DEADLINE_S)
        return Done()

    bench = Bench(ledger, slow=hang, good=lambda _: Done())
    for second in range(2):
        for name in ("slow", "good"):
            bench.table.add(name, event(second), 0.0)
    for attempts in range(1, LEFT_ALONE + 1):
        bench.until(lambda attempts=attempts: len(bench.calls["slow"].tasks) == attempts)
        bench.clocks.put_on(11)
        bench.turn()
    bench.until(lambda: bench.scheduler.vitals()["good"].attempts == 2)

    assert bench.scheduler.vitals()["slow"].stuck
    assert "no end after 10 s" == bench.scheduler.vitals()["slow"].last_error
    release.set()
    bench.until(lambda: not bench.scheduler.vitals()["slow"].stuck)
    bench.clocks.put_on(5)
    bench.until(lambda: not bench.scheduler.vitals()["slow"].stuck and bench.table.waiting == 0)


def test_what_a_handler_returns_are_events_one_link_further_down_the_chain(ledger: Ledger):
    """With the cause's depth, for the pipeline to judge."""
    child = Candidate(type="device.error", id="child")
    bench = Bench(ledger, maker=lambda _: Done((child,)))
    bench.table.add("maker", event(0, metadata={"depth": 2}), 0.0)
    bench.until(lambda: bench.table.waiting == 0)

    assert [DerivedOffer("maker", child, 2)] == bench.derived


def test_work_under_way_when_the_process_dies_is_done_by_the_next(ledger: Ledger):
    """At least once, by the event's id."""
    bench = Bench(ledger, good=lambda _: Done())
    bench.table.add("good", event(0), 0.0)
    bench.turn()  # marked as begun; the process dies before it is handed over

    bench.scheduler = bench.begin()
    with ledger.transaction():
        bench.scheduler.recover()
    bench.until(lambda: bench.table.waiting == 0)

    assert ["I2C_ERROR/ups/0"] == [task.event_id for task in bench.calls["good"].tasks]


def test_work_that_must_not_be_done_twice_is_set_aside_after_a_death(ledger: Ledger):
    """Nobody knows what came of it."""
    bench = Bench(ledger, good=lambda _: Done())
    bench.rules = PipelineRules.model_validate({"handlers": {"good": ONCE.model_dump()}})
    bench.table.add("good", event(0), 0.0)
    bench.turn()

    bench.scheduler = bench.begin()
    with ledger.transaction():
        bench.scheduler.recover()

    assert (0, 1) == (bench.table.waiting, len(bench.rejected))


def test_work_of_a_handler_that_is_no_more_is_set_aside(ledger: Ledger):
    """It would wait for ever."""
    bench = Bench(ledger, good=lambda _: Done())
    bench.table.add("gone", event(0), 0.0)
    with ledger.transaction():
        bench.scheduler.recover()

    assert ["handler gone is not in config/pipeline.yaml any more"] == [reason for _, _, reason in bench.rejected]


def test_the_loop_waits_only_as_long_as_nothing_is_due(ledger: Ledger):
    """For a pause to end, or an attempt's time to be up."""
    bench = Bench(ledger, good=lambda _: Done())

    assert 10.0 == bench.scheduler.wait_s()
    bench.table.add("good", event(0), START.timestamp() + 5)
    bench.table.again(1, START.timestamp() + 5)
    assert 5.0 == bench.scheduler.wait_s()


def derive(told: dict[str, Any], options: Any) -> list[dict[str, Any]]:
    """A plug-in: two events for one."""
    return [{"type": options["type"], "data": {"of": told["type"]}}, {"type": "I2C_ERROR", "id": "own"}]


def test_a_plug_ins_events_have_ids_that_follow_from_their_cause():
    """So an event that is handled twice leads to the same ones."""
    payload = event(0).model_dump_json().encode()
    outcome = PluginCall(derive, {"type": "device.error"})(Task(1, "p", "cause", payload, 1))

    assert isinstance(outcome, Done)
    assert ["cause/0", "own"] == [candidate.id for candidate in outcome.derived]
    assert {"caused_by": "cause"} == outcome.derived[0].metadata


@pytest.mark.parametrize("returned", [[{"type": "a b"}], [{"type": "x"}] * 101])
def test_a_plug_in_that_returns_no_events_fails_for_good(returned: list[dict[str, Any]]):
    """Trying again would return the same."""
    outcome = PluginCall(lambda *_: returned, {})(Task(1, "p", "cause", b"{}", 1))

    assert isinstance(outcome, Failed)
    assert outcome.final


def test_an_entry_point_that_is_not_installed_is_a_fault_of_the_configuration():
    """With the names there are."""
    with pytest.raises(ConfigError, match=r"no entry point 'nonsense' of upskeep.handlers is installed"):
        find("a", HANDLER.model_copy(update={"entry_point": "nonsense"}))
