"""A store that starts anew after every batch says what one says that never ended: nothing lives in memory alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.counter_store.core.policy import StorePolicy
from services.counter_store.service import LEDGER_SCHEMA
from shared.delivery.handler import RefusedError
from shared.jumps import CLOCK_JUMP
from shared.ledger import Ledger
from shared.messages import Sequenced, Severity
from tests.support.answers import QUESTIONS, differences
from tests.support.store_bench import DAY, HOUR, StoreBench
from tests.support.store_messages import at, event, frame
from tests.unit.counter_store.test_jump import by

POLICY = StorePolicy(history_per_type=6, ended_by={"AC_POWER_LOSS": ("AC_POWER_RESTORED",)})
KINDS = (
    ("AC_POWER_LOSS", Severity.CRITICAL),
    ("AC_POWER_RESTORED", Severity.INFO),
    ("I2C_ERROR", Severity.ERROR),
    ("system.lifecycle.started", Severity.INFO),
)
BOOT = by(2 * HOUR)  # what was told before the last minute stays
Batch = tuple[list[Sequenced], float | None, tuple[int, int] | None]

happened = st.tuples(
    st.sampled_from(KINDS), st.sampled_from([0, 0, 0, 90, 7200]), st.sampled_from(["ups", "rack", None])
)
step = st.tuples(
    st.just(0.0) | st.floats(0, 3 * HOUR),  # how far the clock goes on
    st.lists(happened, max_size=5),
    st.booleans(),  # whether event time is told
    st.sampled_from([None] * 8 + [by(3 * HOUR), by(-3 * HOUR), by(400 * DAY), BOOT, BOOT, BOOT]),
    st.sampled_from([None, None, None, 5]),  # messages lost for good
)


def batches(steps: list[Any]) -> Iterator[Batch]:
    """Messages, how far event time has come if it is told, and the places of lost messages."""
    clock, seq = 0.0, 0
    for forward, happenings, told, jump, gone in steps:
        clock += forward
        messages: list[Sequenced] = [frame(seq + 1, clock)]
        for (kind, severity), late, device in happenings:
            seq += 1
            messages.append(event(seq, clock - late, kind, severity=severity, device=device))
        if jump is not None:
            seq += 1
            clock += jump.step.total_seconds()
            told_by = replace(jump, since=at(clock - 2 * HOUR - 60)) if jump is BOOT else jump
            messages.append(event(seq, clock, CLOCK_JUMP, data=told_by.values()))
        lost = None if gone is None else (seq + 1, seq + gone)
        seq += gone or 0
        yield messages, clock if told else None, lost


def run(ledger: Ledger, made: list[Batch], *, anew: bool) -> StoreBench:
    """Feed the batches; with ``anew`` every one of them to another store over the same ledger."""
    here = StoreBench(ledger, POLICY)
    for messages, until, lost in made:
        if anew:
            here = StoreBench(ledger, POLICY)
        if lost is not None:
            with ledger.transaction():
                here.store.lost("event_processor", "event", *lost)
        here.batch(*messages, until=until)
    return StoreBench(ledger, POLICY) if anew else here


def says(here: StoreBench) -> dict[str, Any]:
    """All it answers as of its own time, its counters and its figures."""
    told: dict[str, Any] = {"counters": here.store.snapshot(), "figures": dict(here.store.figures())}
    for words, (name, data) in {**QUESTIONS, "history": ("history", {}), "counters": ("counters", {})}.items():
        try:
            told[words] = here.ask(name, **data)
        except RefusedError as error:
            told[words] = str(error)
    return dict(json.loads(json.dumps(told, default=str)))


@settings(deadline=None, max_examples=60)
@given(st.lists(step, min_size=1, max_size=12))
def test_a_store_that_starts_anew_after_every_batch_says_the_same(steps: list[Any]) -> None:
    """Counters, figures, history, statistics, health, reports, patterns: as of event time, and that too is kept."""
    made = list(batches(steps))
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as one, closing(Ledger(":memory:", LEDGER_SCHEMA)) as other:
        expected, found = says(run(one, made, anew=False)), says(run(other, made, anew=True))

        assert [] == list(differences(expected, found))
