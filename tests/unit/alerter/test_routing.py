"""Who would be notified, when, and what holds it back (issue 15.2); routes and receivers that can never work."""

from __future__ import annotations

from typing import Any

import pytest

from services.alerter.settings.routing import routing_faults
from tests.support.alerter_harness import after, playing, settings

ROUTES = """
rules:
  on_battery: {compare: {type: x, above: 30}, severity: warning, labels: {team: power}}
  hot: {compare: {type: y, above: 30}, severity: critical}
receivers: [{name: default}, {name: phone, mqtt: false}]
route:
  receiver: default
  group_by: [rule]
  group_wait: 30s
  routes:
    - {matchers: ['team="power"'], receiver: phone, group_wait: 5s, mute_time_intervals: [always]}
inhibit_rules:
  - {source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [device]}
time_intervals:
  - {name: always, time_intervals: [{years: ["2000:2099"]}]}
"""
OPEN = ROUTES.replace(", mute_time_intervals: [always]", "")


def asked(text: str, *events: tuple[float, str], silence: bool = False, **labels: str) -> Any:
    with playing(text, wall=True) as play:
        for at, kind in events:
            play.event(at, kind, value=31)
        if silence:
            play.do("silence", matchers=['rule="on_battery"'], comment="x", for_s=60)
        return play.alerter.answer("would_notify", {"labels": labels})


def test_a_rule_brings_its_own_labels_along() -> None:
    """So its name is enough, and the answer says what was assumed."""
    answer = asked(OPEN, rule="on_battery")
    assert {"rule": "on_battery", "severity": "warning", "team": "power"} == answer["labels"]
    (route,) = answer["routes"]
    assert ("0.0", "phone", 5.0, None) == (route["route"], route["receiver"], route["wait_s"], route["suppressed"])
    assert {"rule": "on_battery"} == route["group"]


def test_an_alert_of_a_group_that_stands_goes_out_with_it() -> None:
    """Not after another group_wait."""
    (route,) = asked(OPEN, (0, "x"), rule="on_battery", device="d2")["routes"]
    assert after(5).isoformat() == route["due"]


@pytest.mark.parametrize(
    ("text", "events", "silence", "reason", "held_by"),
    [
        (ROUTES, (), False, "mute_time_interval", "the time interval always"),
        (OPEN, ((0.0, "y"),), False, "inhibited", "the alert hot/d1"),
        (OPEN, (), True, "silenced", "the silence c"),
    ],
)
def test_what_holds_it_back_is_named(
    text: str, events: tuple[tuple[float, str], ...], silence: bool, reason: str, held_by: str
) -> None:
    """Which interval, which alert, which silence."""
    (route,) = asked(text, *events, silence=silence, rule="on_battery", device="d1")["routes"]
    assert reason == route["suppressed"]
    assert route["held_by"].startswith(held_by)


def test_asking_changes_nothing() -> None:
    """No group opens, no notice is made."""
    with playing(OPEN, wall=True) as play:
        play.alerter.answer("would_notify", {"labels": {"rule": "hot"}})
        play.alerter.flush()
        play.tick(60)
        assert ([], 0) == (play.told(), play.alerter.figures()["notices"])


ROUTE = (
    "receivers: [{{name: default}}, {{name: phone}}]\nrules: {{hot: {{compare: {{type: x, above: 1}}}}}}\nroute: {}\n"
)


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ("{}", ["receivers.phone: no route leads to it"]),
        ("{routes: [{receiver: phone}]}", []),
        ("{routes: [{matchers: ['rule=\"hot\"'], receiver: phone}]}", []),
        ("{receiver: phone}", ["receivers.default: no route leads to it"]),
        (
            "{routes: [{matchers: ['a=\"1\"', 'a=\"2\"'], receiver: phone}]}",
            ["receivers.phone: no route", 'route.routes.0: can never match: a="1" and a="2" exclude each other'],
        ),
        (
            "{routes: [{receiver: phone, matchers: ['severity=\"warn\"']}]}",
            ["receivers.phone: no route", 'route.routes.0: can never match: no severity passes severity="warn"'],
        ),
        (
            "{routes: [{receiver: phone, matchers: ['rule=\"cold\"']}]}",
            ["receivers.phone: no route", 'route.routes.0: can never match: no rule passes rule="cold"'],
        ),
        (
            "{routes: [{matchers: ['b=\"1\"']}, {receiver: phone, matchers: ['b=\"1\"', 'c=\"1\"']}]}",
            ["receivers.phone: no route", "route.routes.1: can never match: route.routes.0 takes all of it before"],
        ),
        (
            "{routes: [{matchers: ['b=\"1\"'], continue: true}, {receiver: phone, matchers: ['b=\"1\"', 'c=\"1\"']}]}",
            [],
        ),
        (
            "{routes: [{matchers: ['a=\"1\"'], routes: [{receiver: phone, matchers: ['a=\"2\"']}]}]}",
            ["receivers.phone: no route", 'route.routes.0.routes.0: can never match: a="1" and a="2" exclude'],
        ),
    ],
)
def test_receivers_without_a_route_and_routes_that_never_match_are_named(route: str, said: list[str]) -> None:
    """Each with its place in the file; what can work says nothing."""
    made = settings(ROUTE.format(route))
    faults = list(routing_faults(made.alerts.plan(), frozenset(rule.name for rule in made.rules())))
    assert len(said) == len(faults), faults
    assert all(fault.startswith(text) for fault, text in zip(faults, said, strict=True)), faults
