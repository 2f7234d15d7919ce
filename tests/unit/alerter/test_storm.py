"""A storm: many events, many alerts, few notices, nothing lost."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable

import pytest

from shared.delivery.handler import RefusedError
from shared.limits import LIMIT_REACHED
from shared.messages import AlertState
from tests.support.alerter_harness import Play, playing

RULES = """
rules:
  bad: {count: {type: x, more_than: 4, within: 1h}, by: [device]}
route: {group_by: [rule], group_wait: 30s, group_interval: 5m, repeat_interval: 4h}
"""
EVENTS, DEVICES, EVERY_S = 100_000, 2_000, 0.036  # an hour of it


def storm(play: Play) -> None:
    flush, play.alerter.flush = play.alerter.flush, lambda: None  # type: ignore[method-assign]
    for number in range(EVENTS):
        play.event(number * EVERY_S, "x", f"d{number * DEVICES // EVENTS}")
        if number % 500 == 499:
            play.now_s = number * EVERY_S
            play.alerter.tick(play.alerter._clock(), play.now_s, True)
            flush()
    play.alerter.flush = flush  # type: ignore[method-assign]
    play.alerter.flush()


def test_a_storm_makes_few_notices_and_loses_no_alert() -> None:
    """100,000 events of 2,000 devices in an hour: at most one notice an interval, and every device's alert stands."""
    with playing(RULES, wall=True) as play:
        storm(play)
        firing = [alert for alert in play.alerter.snapshot() if alert.state is AlertState.FIRING]
        assert DEVICES == len(firing) == len(play.publisher.retained)
        assert {EVENTS / DEVICES} == {alert.value for alert in firing}
        play.tick(3600 + 310, 10)
        assert 1 <= len(play.notified()) <= 2 + 3600 // 300
        assert DEVICES == play.notified()[-1][2]
        play.tick(3 * 3600, 30)
        play.until(3 * 3600)
        play.tick(3 * 3600 + 301, 30)
        assert (0, "all_alerts_resolved") == (play.notified()[-1][2], play.notified()[-1][1])


def limits(play: Play) -> list[tuple[str, int, str]]:
    """The limits that were reported: of what, how much, by whose fault."""
    said = [candidate.data for candidate in play.offers if candidate.type == LIMIT_REACHED]
    return [(data["what"], data["limit"], data["sender"]) for data in said]


def test_more_groups_of_notices_than_there_is_room_for_share_one() -> None:
    """Nobody is left without a notice, and an event says so."""
    with playing("rules: {r: {compare: {type: x, above: 1}}}\nroute: {group_by: [device]}") as play:
        play.alerter._notifier._dispatcher._most = 5
        for number in range(9):
            play.event(number, "x", f"d{number}", value=2)
        assert 6 == play.alerter._notifier.groups
        assert [("groups of notices", 5, "d5")] == limits(play)


def test_a_silence_too_many_is_refused_and_reported() -> None:
    """The command changes nothing; the event leaves all the same."""
    with playing("rules: {r: {compare: {type: x, above: 1}}}") as play:
        play.alerter._notifier._most_silences = 5
        for number in range(5):
            play.do("silence", matchers=[f"device=d{number}"], comment="x", for_s=60)
        with pytest.raises(RefusedError, match="5 silences"):
            play.do("silence", by="mallory", matchers=["device=ups"], comment="x", for_s=60)
        play.alerter.flush()
        assert [("silences", 5, "mallory")] == limits(play)


def test_a_stop_too_many_is_not_carried_out_and_reported() -> None:
    """With the zone that was not stopped."""
    with playing("rules: {r: {compare: {type: x, above: 1}, by: [zone], actions: [emergency_stop]}}") as play:
        play.alerter._orders._most = 5
        for number in range(7):
            play.event(number, "x", f"d{number}", zone=f"z{number}", value=2)
        assert 5 == play.alerter.figures()["stops"]
        assert [("emergency stops", 5, "r")] == limits(play)


def test_more_keys_than_there_is_room_for_share_one_alert() -> None:
    """Memory is bounded, what has no alert of its own still has one, and an event says so, once."""
    with playing("rules: {r: {compare: {type: x, above: 1}}}") as play:
        play.alerter._events.shares.most = 10
        for number in range(30):
            play.event(number, "x", f"d{number}", value=2)
        assert 9 == len(play.alerter.snapshot())  # four fifths of the room, and the one that the others share
        assert play.retained("r", "others") is not None
        assert [("keys of the alert rule r", 10, "d8")] == limits(play)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_sender_that_floods_a_rule_leaves_its_neighbours_their_alerts(restarted: bool) -> None:
    """At the bound the flooder's share one; a quiet neighbour's fire, and what the rule orders is ordered for them."""
    rules = "rules: {r: {compare: {type: x, above: 1}}, s: {compare: {type: x, above: 1}, by: [zone], actions: [stop]}}"
    with playing(rules.replace("stop", "emergency_stop")) as play:
        play.alerter._events.shares.most = 50
        for number in range(200):
            play.event(number, "x", f"f{number}", zone=f"f{number}", value=2, offered_by="mallory")
        if restarted:
            play.restart_in_place()
            play.alerter._events.shares.most = 50
        for sender in ("ann", "bob"):
            play.event(300, "x", sender, zone=sender, value=2, offered_by=sender)
        play.event(301, "x", "ups", zone="rack", value=2)
        stops = {alert.key for alert in play.alerter.snapshot() if alert.rule == "emergency_stop"}

        assert all(play.retained("r", key) is not None for key in ("others", "ann", "bob", "ups"))
        assert {"ann", "bob", "rack"} <= stops
        assert 45 > len(stops)
        assert ("keys of the alert rule r", 50, "mallory") in limits(play)


def test_an_active_alert_takes_less_than_six_kilobytes() -> None:
    """What Python allocates for it, its group and the ledger's mirror included: 10,000 of them are below 60 MB."""
    tracemalloc.start()
    try:
        with playing("rules: {r: {compare: {type: x, above: 1}}}\nroute: {group_by: [rule]}\n", wall=True) as play:
            flush, play.alerter.flush = play.alerter.flush, lambda: None  # type: ignore[method-assign]
            for number in range(2_000):
                play.event(0, "x", f"device_{number}", value=2)
            play.alerter.flush = flush  # type: ignore[method-assign]
            play.alerter.flush()
            play.publisher.retained.clear()
            play.tick(60, 30)
            assert 2_000 == play.alerter.figures()["alerts_firing"]
            assert tracemalloc.get_traced_memory()[0] < 2_000 * 6_000
    finally:
        tracemalloc.stop()


DEVICES_APART = """
rules:
  r: {compare: {state: "*", field: power, equals: battery}, for: 1m, severity: critical}
  s: {absence: {state: "*", after: 5m}}
  both: {composite: {all: [r, s]}}
route: {group_by: [device], group_wait: 30s, group_interval: 5m}
inhibit_rules: [{source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [device]}]
"""


def calls(do: Callable[[], None]) -> int:
    """Return how many functions were called."""
    count = 0

    def note(_: object, what: str, __: object) -> None:
        nonlocal count
        count += what == "call"

    sys.setprofile(note)
    try:
        do()
    finally:
        sys.setprofile(None)
    return count


def cost(devices: int) -> int:
    """Return what it costs until every device is silent on battery, each in a group of its own."""
    with playing(DEVICES_APART) as play:
        for number in range(devices):
            play.state(number / 1000, f"d{number}", power="battery")
        return calls(lambda: play.until(1000))


def test_passing_time_costs_no_more_for_each_of_many_devices() -> None:
    """Every group that was due looked at every alert that fired: 10,000 devices took minutes."""
    assert cost(200) < 5 * cost(50)
