"""Replay and verification: history is played as it was, bears its mark, and is judged by what decides now."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.event_processor.app import SERVICE as EVENT_PROCESSOR
from services.event_processor.core.pipeline.plan import PipelinePlan, compile_plan
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.messages import Event, Severity, event_id
from shared.suite import SuiteSettings
from shared.topics import TopicError
from tests.support.store_bench import bench
from upskeep.playback.backtest import Bench
from upskeep.playback.replay import Pace, replayed
from upskeep.playback.verify import SHOWN, verify_events, verify_frames

CONFIG = Path(__file__).parents[4] / "config"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def event(seconds: float, name: str = "AC_POWER_LOSS", **more: Any) -> Event:
    time = NOON + timedelta(seconds=seconds)
    given: dict[str, Any] = {"category": "power", "severity": Severity.WARNING, "device": "ups", "site": "home"}
    identity = event_id("home", name, "ups", time)
    return Event(**({"id": identity, "type": name, "time": time} | given | more))


@pytest.fixture(scope="module")
def plan() -> PipelinePlan:
    """The shipped rules."""
    context = Context(CONFIG, {}, SuiteSettings(), SYSTEM_CLOCK)
    made: PipelinePlan = EVENT_PROCESSOR.settings(context)
    return made


def test_a_pause_is_as_long_as_it_was_divided_by_the_speed() -> None:
    """Of the time since the first event; what is late is due at once; and at max nothing waits."""
    now = [100.0]
    pace = Pace(10.0, lambda: now[0])
    assert 0.0 == pace.wait_s(NOON)
    now[0] = 101.0
    assert 5.0 == pace.wait_s(NOON + timedelta(seconds=60))
    assert 0.0 == pace.wait_s(NOON + timedelta(seconds=1))
    assert 0.0 == Pace(None).wait_s(NOON + timedelta(days=9))


def test_what_is_played_keeps_everything_but_its_mark() -> None:
    """Id, time, data, and what was in its metadata."""
    one = event(0, metadata={"incident": "x"}, data={"a": 1})
    marked = replayed(one)
    assert {"incident": "x", "replayed": True} == marked.metadata
    assert one == marked.model_copy(update={"metadata": one.metadata})


def test_no_service_listens_below_the_root_of_replays() -> None:
    """Its topics are none of the suite's, whatever the root is."""
    for suite in (SuiteSettings(), SuiteSettings(root="a/b/c", site="attic")):
        topic = event(0).topic(suite.replay_topics)
        assert topic == f"replay/{event(0).topic(suite.topics)}"
        with pytest.raises(TopicError):
            suite.topics.parse(topic)


def test_neither_counters_nor_alerts_move_by_what_is_played(tmp_path: Path) -> None:
    """Also where somebody puts it on the suite's own topics."""
    from contextlib import ExitStack

    context = Context(CONFIG, os.environ, SuiteSettings(), SYSTEM_CLOCK)
    with ExitStack() as stack, bench() as store:
        suite = Bench(context, None, stack)
        for n in range(10):
            suite.alerter.apply(replayed(event(n, "I2C_ERROR")))
            store.batch(replayed(event(n, "I2C_ERROR")))
        suite.alerter.flush()
        assert [] == suite.alerter.snapshot()
        assert [] == store.ask("counters")["counters"]


def test_a_history_that_would_be_decided_alike_has_no_differences(plan: PipelinePlan) -> None:
    """As the pipeline made it: here by itself, a first time."""
    first = verify_events([event(0), event(5, "BATTERY_LOW", category="battery")], plan, frozenset())
    again = [_as_now(each, first) for each in (event(0), event(5, "BATTERY_LOW", category="battery"))]
    verdict = verify_events(again, plan, frozenset())
    assert (2, 2, {}) == (verdict.compared, verdict.same, dict(verdict.by_field))


def _as_now(one: Event, verdict: Any) -> Event:
    now = {each.field: each.now for each in verdict.differences if each.id == one.id}
    return one.model_copy(update={"metadata": {name: value for name, value in now.items() if value is not None}})


def test_differences_are_named_by_what_differs(plan: PipelinePlan) -> None:
    """Another severity, another category, a type that is no more, an incident that is not found any more."""
    history = [
        event(0, severity=Severity.CRITICAL),
        event(90_000, "GONE"),
        event(180_000, "POWER_BLIP", severity=Severity.INFO, category="system", metadata={"incident": "old"}),
    ]
    verdict = verify_events(history, plan, frozenset())
    told = {(one.type, one.field): (one.then, one.now) for one in verdict.differences}
    assert ("critical", "warning") == told["AC_POWER_LOSS", "severity"]
    assert ("made", "its type is not in the catalogue") == told["GONE", "event"]
    assert ("system", "power") == told["POWER_BLIP", "category"]
    assert ("old", None) == told["POWER_BLIP", "incident"]


def test_an_event_that_a_filter_would_end_now_is_reported(plan: PipelinePlan) -> None:
    """Here by a priority that was raised."""
    rules = plan.rules.model_copy(update={"filters": plan.rules.filters.model_copy(update={"at_least": "error"})})
    strict = compile_plan(plan.compiled, rules, plan.patterns.rules)
    verdict = verify_events([event(0)], strict, frozenset())
    assert ("event", "made") == (verdict.differences[0].field, verdict.differences[0].then)
    assert verdict.differences[0].now.startswith("ends at a filter")


def test_only_what_was_chosen_is_reported(plan: PipelinePlan) -> None:
    """By type and time; the rest is read for what it belongs to."""
    history = [event(n, severity=Severity.CRITICAL) for n in range(10)] + [event(20, "GONE")]
    assert 1 == verify_events(history, plan, frozenset({"GONE"})).compared
    assert 6 == verify_events(history, plan, frozenset(), NOON + timedelta(seconds=5)).compared


def test_events_made_of_the_same_frames_are_held_against_each_other_by_their_ids() -> None:
    """Missing, new, and different; what was offered, and other devices, are none of the engine's business here."""
    then = [
        event(0),
        event(1),
        event(2, data={"a": 1}),
        event(3, device="tent"),
        event(4, metadata={"offered_by": "x"}),
    ]
    now = [event(0), event(2, data={"a": 2}), event(5)]
    verdict = verify_frames(then, now, frozenset({"ups"}))
    assert (4, 1) == (verdict.compared, verdict.same)
    assert [("event", "made", None), ("data", {"a": 1}, {"a": 2}), ("event", None, "made")] == [
        (one.field, one.then, one.now) for one in verdict.differences
    ]


def test_types_that_were_not_asked_for_are_no_difference() -> None:
    """Neither those of then nor those the engine makes now."""
    low, loss = event(0, "BATTERY_LOW"), event(1)

    verdict = verify_frames([low], [low, loss], frozenset({"ups"}), frozenset({"BATTERY_LOW"}))

    assert (1, 1) == (verdict.compared, verdict.same)


def test_differences_beyond_a_bound_are_counted_and_not_kept() -> None:
    """So that a history of a million may differ everywhere."""
    verdict = verify_frames([event(n) for n in range(SHOWN + 50)], [], frozenset({"ups"}))
    assert (SHOWN, SHOWN + 50) == (len(verdict.differences), verdict.as_dict()["differing"]["event"])
