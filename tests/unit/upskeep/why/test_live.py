"""Why, by what a running suite keeps: its answers are scripted here, its rules are the shipped ones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.support.scenarios import CONFIG
from upskeep.playback.backtest import Stages, context_of, stages_of
from upskeep.text.times import IN_UTC
from upskeep.why.chain import Chain
from upskeep.why.links import sentence
from upskeep.why.live import Suite

LOSS = {
    "id": "04737b5e",
    "type": "AC_POWER_LOSS",
    "category": "power",
    "severity": "warning",
    "time": "2026-01-31T12:00:03Z",
    "site": "home",
    "device": "ups",
    "producer": "event_processor",
    "epoch": "e",
    "seq": 1,
    "data": {"source": "ac_present", "ac_present": False, "since": "2026-01-31T12:00:01Z"},
}
ALERT = {
    "rule": "hourly_rate",
    "key": "AC_POWER_LOSS",
    "state": "firing",
    "since": "2026-01-31T12:00:03Z",
    "message": "AC_POWER_LOSS: 2 in 1 hour, more than the limit of 1",
    "labels": {"rule": "hourly_rate", "type": "AC_POWER_LOSS"},
}
ROUTE = {"route": "0", "receiver": "default", "group": {"rule": "hourly_rate"}, "in_s": 30.0, "held_back": []}
SILENCED = {**ROUTE, "held_back": [{"reason": "silenced", "text": "silence 7 of anna: electrician"}]}
NOTICE = {
    "id": "n1",
    "receiver": "default",
    "group_labels": {"rule": "hourly_rate"},
    "time": "2026-01-31T12:00:33Z",
    "reason": "first_notification",
}
SENT = {"id": "n1", "channel": "default/webhook", "state": "given_up", "reason": "refused with 401"}
ANSWERS: dict[str, Any] = {
    "history": {"events": [LOSS]},
    "related": {"event": LOSS, "related": []},
    "alerts": {"alerts": [ALERT]},
    "route": {"routes": [ROUTE]},
    "notices": {"notices": [NOTICE]},
    "delivery": {"delivery": [SENT]},
}


@cache
def stages() -> Stages:
    return stages_of(context_of(CONFIG, {}))


def suite(**other: Any) -> Suite:
    def ask(_: str, name: str, __: Mapping[str, Any]) -> Mapping[str, Any]:
        return (ANSWERS | other)[name]

    return Suite(ask, stages())


def said(chain: Chain) -> list[str]:
    return [sentence(link, IN_UTC) for link in chain.links]


def test_an_event_is_explained_up_to_the_failed_delivery():
    """From its own data and rule; frames are not kept, and that is said."""
    running = suite()
    lines = said(running.event_chain(running.event("04737b5e")))

    assert lines[0].startswith("the running suite keeps no frames")
    assert "rules.power of event_processor.yaml: ac_present false or battery_current below -0.1 A" in lines
    assert "it had lasted for 2 s since 12:00:01Z; 2 s are needed" in lines
    assert "to default at 12:00:33Z: first notification" in lines
    assert "default/webhook: given_up (refused with 401)" in lines


def test_a_silence_is_named_where_it_holds_a_notice_back():
    """With whose it is; the chain ends there."""
    chain = suite(route={"routes": [SILENCED]}, notices={"notices": []}).alert_chain("hourly_rate", "AC_POWER_LOSS")

    assert ["default is not notified (silenced): silence 7 of anna: electrician", "none: it is held back"] == said(
        chain
    )[-2:]
    assert chain.links[-1].ends


def test_of_what_did_not_come_the_rule_is_named_and_the_limit_of_the_answer():
    """Or that it did come; or that no rule makes it."""
    nothing = suite(history={"events": []})
    (absent,) = nothing.absent_chains("AC_POWER_LOSS", None, None, None)
    (offered,) = nothing.absent_chains("COUNTER_RESET", None, None, None)
    (came,) = suite().absent_chains("AC_POWER_LOSS", "ups", None, None)

    assert said(absent)[-1].endswith("which of these conditions was missing, only frames can say")
    assert said(offered) == [
        "no rule of any device makes COUNTER_RESET: it comes from a service, a controller or a script"
    ]
    assert said(came)[0] == "it did happen, at 2026-01-31 12:00:03Z (id 04737b5e)"
