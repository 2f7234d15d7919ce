"""Why an alert did not fire: the condition that was missing, by frames once more and by what the alerter remembers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from shared.delivery.handler import RefusedError
from shared.messages import Frame
from tests.support.scenarios import CONFIG
from upskeep.playback.backtest import Stages, context_of, stages_of
from upskeep.text.times import IN_UTC
from upskeep.why.absent_alert import AlertTally, events_of, rule_of_alert
from upskeep.why.explain import absent_alert_chains
from upskeep.why.links import Link, sentence
from upskeep.why.live import Suite
from upskeep.why.replay import Absent, Replay

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
CALM = [{"ac_present": True, "battery_voltage": 4.1}] * 5
OUTAGE = [
    *CALM,
    *[{"ac_present": False, "battery_voltage": 4.0}] * 30,
    *[{"ac_present": True, "battery_voltage": 4.0}] * 20,
]
LONG = [*CALM, *[{"ac_present": False, "battery_voltage": 4.0}] * 90]


@cache
def stages() -> Stages:
    return stages_of(context_of(CONFIG, {}))


def frames(rows: list[dict[str, float]]) -> Iterator[Frame]:
    for number, values in enumerate(rows):
        at = NOON + timedelta(seconds=number)
        yield Frame(producer="p", epoch="e", seq=number + 1, time=at, device="ups", values=values)


def replayed(rows: list[dict[str, float]], name: str, key: str, stack: ExitStack) -> Replay:
    rule = rule_of_alert(stages().alerting.rules(), name, key)
    waited_for = events_of(rule)
    missing = Absent(waited_for[0]) if waited_for else None
    replay = Replay(context_of(CONFIG, {}), lambda _: True, stack, missing, stages())
    replay.alert_tally = AlertTally(rule, key, None, None)
    for frame in frames(rows):
        replay.process(frame)
    return replay


def explained(rows: list[dict[str, float]], name: str, key: str) -> list[Link]:
    with ExitStack() as stack:
        (chain,) = absent_alert_chains(replayed(rows, name, key, stack), key, None)
        return [*chain.links]


@pytest.mark.parametrize(
    ("rows", "name", "key", "said"),
    [
        (CALM, "on_battery", "ups", ["at its nearest, ups: power is mains; power is battery would fire"]),
        (OUTAGE, "on_battery", "ups", ["ups: power is battery; it has held for 32 s; 1 min are needed, until"]),
        (CALM, "on_battery", "nas", ["nothing of the key nas came; there was ups"]),
        (OUTAGE, "hourly_rate", "AC_POWER_LOSS", ["AC_POWER_LOSS: 1 in 1 hour; more than the limit of 1 would fire"]),
        (CALM, "hourly_rate", "AC_POWER_LOSS", ["nothing that it looks at came", "never ac_present false"]),
        (CALM, "failing_in_an_outage", "ups", ["on_battery never fired; sensor_silent never fired"]),
    ],
)  # fmt: skip
def test_the_missing_condition_is_named(rows: list[dict[str, float]], name: str, key: str, said: list[str]) -> None:
    """Its own where the rule saw something; of the event that did not come where it saw nothing."""
    ends = [sentence(link, IN_UTC) for link in explained(rows, name, key) if link.ends]

    assert len(said) == len(ends), ends
    for words, found in zip(said, ends, strict=True):
        assert words in found


def test_one_that_fired_is_explained() -> None:
    """And says since when."""
    links = explained(LONG, "on_battery", "ups")

    assert "it did fire: firing since 2026-01-31 12:00:07Z" == sentence(links[0], IN_UTC)
    assert {"read", "alert", "transition"} < {link.kind for link in links}


@pytest.mark.parametrize(
    ("rows", "name", "key", "state", "lacks"),
    [
        (CALM, "on_battery", "ups", "resolved", "nothing of ups is remembered"),
        (OUTAGE[:20], "on_battery", "ups", "pending", "it has held for 12 s; 1 min are needed"),
        (LONG, "on_battery", "ups", "firing", ""),
        (OUTAGE, "hourly_rate", "AC_POWER_LOSS", "resolved", "more than the limit of 1 would fire"),
    ],
)
def test_the_alerter_says_what_it_remembers(
    rows: list[dict[str, float]], name: str, key: str, state: str, lacks: str
) -> None:
    """By the question ``standing``; the command makes the chain of it."""
    with ExitStack() as stack:
        replay = replayed(rows, name, key, stack)
        alerter = replay._bench.alerter
        found = alerter.answer("standing", {"rule": name, "key": key})
        answers = {"history": {"events": []}, "alerts": {"alerts": []}}
        suite = Suite(lambda _, asked, data: answers.get(asked) or alerter.answer(asked, data), stages())
        chain = suite.absent_alert_chain(name, key)
        with pytest.raises(RefusedError, match="no rule nosuch judges the key x; the rules are battery_runtime_short"):
            alerter.answer("standing", {"rule": "nosuch", "key": "x"})

    assert (state, True) == (found["state"], found["lacks"].startswith(lacks))
    assert [lacks == ""] == [f"alert {name}/{key}" == chain.title]
    assert any(lacks in sentence(link, IN_UTC) for link in chain.links)
