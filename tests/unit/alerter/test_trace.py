"""Who would be notified of an alert, when, and what holds it back; which receivers and routes nothing comes to."""

from __future__ import annotations

import pytest

from services.alerter.core.notify.reach import reach_of, unreachable_routes, unrouted_receivers
from services.alerter.core.rules import known_labels
from shared.delivery.handler import RefusedError
from tests.support.alerter_harness import Play, playing, settings
from upskeep.check import route_place
from upskeep.text.route_text import is_notified, route_lines

RULES = """
rules:
  hot: {compare: {type: x, above: 30}, severity: warning, for: 1m}
  dead: {compare: {type: y, above: 30}, severity: critical, labels: {team: power}}
  quiet: {compare: {type: z, above: 30}, actions: []}
receivers: [{name: default}, {name: phone}, {name: lonely}]
"""
ROUTE = """
route:
  group_by: [rule]
  group_wait: 30s
  repeat_interval: 4h
  routes:
    - {receiver: phone, matchers: ['severity="critical"'], group_wait: 5s, repeat_interval: 1h}
"""


def lines(play: Play, **labels: str) -> list[str]:
    return [*route_lines(play.alerter.answer("route", {"labels": labels}))]


def test_it_is_said_who_would_be_notified_and_when() -> None:
    with playing(RULES + ROUTE) as play:
        assert [
            "an alert with device=d1, rule=hot, severity=warning",
            "  fires once its condition has held for 1 min",
            "  default: 30 s after it fires, then every 4 h while it lasts",
            "    by the root route, grouped by rule=hot",
        ] == lines(play, rule="hot", device="d1")
        assert [
            "an alert with rule=dead, severity=critical, team=power",
            "  phone: 5 s after it fires, then every 1 h while it lasts",
            '    by route 0.0 (severity="critical"), grouped by rule=dead',
        ] == lines(play, rule="dead")


def test_what_is_said_is_what_happens_to_a_real_alert() -> None:
    """The same receiver, after the same time."""
    with playing(RULES + ROUTE) as play:
        (step,) = play.alerter.answer("route", {"labels": {"rule": "dead", "device": "d1"}})["routes"]
        play.event(0, "y", "d1", value=31)
        play.tick(step["in_s"] - 1)
        assert not play.notices()
        play.tick(step["in_s"] + 1)
        assert [step["receiver"]] == [notice.receiver for notice in play.notices()]


def test_a_group_that_is_under_way_is_due_when_it_is_due() -> None:
    """Not after a wait that it has behind it."""
    with playing(RULES + ROUTE) as play:
        play.event(0, "y", "d1", value=31)
        play.tick(3)
        (step,) = play.alerter.answer("route", {"labels": {"rule": "dead", "device": "d2"}})["routes"]
        assert 2 == pytest.approx(step["in_s"], abs=1)


def test_what_holds_it_back_is_named() -> None:
    """A silence with its author and end, an alert that inhibits it, an interval: all of them."""
    inhibit = "inhibit_rules: [{source_matchers: ['rule=dead'], target_matchers: ['rule=hot'], equal: [device]}]\n"
    with playing(RULES + ROUTE + inhibit) as play:
        play.do("silence", matchers=["rule=hot"], for_s=3600, comment="electrician")
        play.event(0, "y", "d1", value=31)
        play.tick(1)
        found = play.alerter.answer("route", {"labels": {"rule": "hot", "device": "d1"}})

    held = [row["reason"] for row in found["routes"][0]["held_back"]]
    texts = [*route_lines(found)]
    assert ["inhibited", "silenced"] == held
    assert not is_notified(found)
    assert "  default: not notified" in texts
    assert "    held back (inhibited): the alert dead/d1 fires" in texts
    assert any(" of ann, until " in text and text.endswith("Z: electrician") for text in texts)


def test_a_rule_that_notifies_nobody_says_so() -> None:
    with playing(RULES + ROUTE) as play:
        assert "  notifies nobody: `notification` is not among the actions of its rule" in lines(play, rule="quiet")


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ({"rule": "hott"}, "there is no rule 'hott'; did you mean 'hot'?"),
        ({}, "there is no rule ''; there is dead, hot, "),
    ],
)
def test_a_rule_that_is_none_is_refused_with_those_there_are(labels: dict[str, str], text: str) -> None:
    with playing(RULES + ROUTE) as play, pytest.raises(RefusedError) as refused:
        play.alerter.answer("route", {"labels": labels})
    assert text in str(refused.value)


def test_a_test_message_says_which_receivers_no_route_leads_to() -> None:
    """It arrives, and a real alert never would."""
    with playing(RULES + ROUTE) as play:
        assert ["lonely"] == play.alerter._notifier.unrouted()


REACHES = [
    # routes                                                             receivers without one, routes that never match
    ("[]", ["phone", "lonely"], []),
    ("[{receiver: phone, matchers: ['device=\"ups\"']}]", ["lonely"], []),
    ("[{receiver: phone, matchers: ['severity=\"error\"']}]", ["phone", "lonely"], ["route.routes.0"]),
    ("[{receiver: phone, matchers: ['rule=\"hto\"']}]", ["phone", "lonely"], ["route.routes.0"]),
    (
        "[{receiver: phone, matchers: [rule=hot, severity=critical]}]",
        ["phone", "lonely"],
        ["route.routes.0"],
    ),
    # the first takes everything
    ("[{receiver: phone}, {receiver: lonely, matchers: ['rule=\"hot\"']}]", ["default", "lonely"], ["route.routes.1"]),
    ("[{receiver: phone, continue: true}, {receiver: lonely, matchers: ['rule=\"hot\"']}]", ["default"], []),
    # a label of the sample that cannot be two things at once
    (
        "[{matchers: ['device=\"a\"'], routes: [{receiver: phone, matchers: ['device=\"b\"']}]}]",
        ["phone", "lonely"],
        ["route.routes.0.routes.0"],
    ),
    # what takes every alert of a rule leaves none of it for later
    (
        "[{receiver: phone, matchers: ['rule=~\"hot|dead\"']}, {receiver: lonely, matchers: ['rule=\"dead\"']}]",
        ["default", "lonely"],
        ["route.routes.1"],
    ),
]


@pytest.mark.parametrize(("routes", "receivers", "never"), REACHES)
def test_receivers_without_a_route_and_routes_that_never_match_are_named(
    routes: str, receivers: list[str], never: list[str]
) -> None:
    made = settings(f"{RULES}route: {{routes: {routes}}}\n")
    plan = made.alerts.plan()
    reach = reach_of(plan.route, known_labels(made.rules()))

    assert receivers == unrouted_receivers(plan, reach)
    assert never == [route_place(route.path) for route in unreachable_routes(plan, reach)]
