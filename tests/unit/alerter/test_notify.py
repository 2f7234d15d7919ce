"""Who is told of what, when, and why not: by a wall clock that is an argument."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.alerter.core.notify.dispatch import MUTE_STAGES
from services.alerter.core.notify.suppression import LISTED, SuppressionReason
from shared.delivery.handler import RefusedError
from shared.messages import AlertState
from tests.support.alerter_harness import Play, playing

RULES = """
rules:
  hot: {compare: {type: x, above: 30}, severity: warning}
  dead: {compare: {type: y, above: 30}, severity: critical}
"""
ROUTE = "route: {group_by: [rule], group_wait: 30s, group_interval: 5m, repeat_interval: 1h}\n"


def hot(play: Play, device: str = "d1", value: float = 31, kind: str = "x") -> None:
    play.event(play.now_s, kind, device, value=value)


def cool(play: Play, device: str = "d1", kind: str = "x") -> None:
    hot(play, device, 0, kind)


def test_the_stages_stand_in_one_list() -> None:
    """In this order an alert passes them."""
    expected = [
        SuppressionReason.INHIBITED,
        SuppressionReason.MUTED,
        SuppressionReason.INACTIVE,
        SuppressionReason.SILENCED,
        SuppressionReason.FLAPPING,
    ]
    assert expected == [reason for reason, _ in MUTE_STAGES]


def test_a_new_group_waits_for_more_to_come() -> None:
    """Two devices, one notice, half a minute after the first."""
    with playing(RULES + ROUTE, wall=True) as play:
        hot(play, "d1")
        play.tick(20)
        hot(play, "d2")
        play.tick(29)
        assert [] == play.notified()
        play.tick(40)
        assert [(30, "first_notification", 2, 0)] == play.notified()


def test_a_silence_of_years_is_reminded_of_for_a_day_and_once_at_its_end() -> None:
    """Time that passes with the events may leap to any year: the notices do not go on for as long."""
    with playing(RULES + ROUTE) as play:
        hot(play)
        play.until(30 * 365 * 86400)
        times = [time_s for time_s, *_ in play.notified()]
        assert 25 == len([time_s for time_s in times if time_s <= 86400 + 30])
        assert [30 * 365 * 86400 - 1e-6] == times[25:]


def test_what_resolved_before_it_was_notified_is_not_notified() -> None:
    """Nobody wants to hear that nothing is wrong."""
    with playing(RULES + ROUTE, wall=True) as play:
        hot(play)
        play.tick(10)
        cool(play)
        play.tick(1000, 10)
        assert [] == play.notified()
        assert 1 == play.alerter.figures()["quiet_resolved_before_notification"]


def test_news_of_a_group_come_once_an_interval() -> None:
    """One more alert, one that resolves, and at last all have."""
    with playing(RULES + ROUTE, wall=True) as play:
        hot(play, "d1")
        play.tick(60)
        hot(play, "d2")
        play.tick(400)
        cool(play, "d1")
        play.tick(700)
        cool(play, "d2")
        play.tick(2000, 10)
        expected = [
            (30, "first_notification", 1, 0),
            (330, "new_alerts_in_group", 2, 0),
            (630, "resolved_alerts_in_group", 1, 1),
            (930, "all_alerts_resolved", 0, 1),
        ]
        assert expected == play.notified()
        assert 0 == len(play.ledger.db.execute("SELECT * FROM alert_group").fetchall())


def test_what_fires_on_is_notified_again_after_the_repeat_interval() -> None:
    """At the first look after it."""
    with playing(RULES + ROUTE, wall=True) as play:
        hot(play)
        play.tick(3 * 3600 + 31, 10)
        assert [30, 3630, 7230, 10830] == [at for at, *_ in play.notified()]
        assert {"first_notification", "repeat_interval"} == {reason for _, reason, *_ in play.notified()}


def test_what_was_acknowledged_is_not_notified_again_but_its_end_is() -> None:
    """And the alert says who has seen it."""
    with playing(RULES + ROUTE, wall=True) as play:
        hot(play)
        play.tick(60)
        play.do("ack", rule="hot", key="d1", comment="on my way")
        shown = play.retained("hot", "d1")
        assert shown is not None
        assert (AlertState.ACKNOWLEDGED, "ann", "on my way") == (shown.state, shown.by, shown.comment)
        play.tick(3 * 3600, 10)
        assert [30] == [at for at, *_ in play.notified()]
        cool(play)
        play.tick(3 * 3600 + 400)
        assert "all_alerts_resolved" == play.notified()[-1][1]


def test_what_fires_anew_after_it_was_acknowledged_is_news() -> None:
    """The acknowledgement was of the spell that is over."""
    with playing(RULES + ROUTE, wall=True) as play:
        hot(play)
        play.tick(60)
        play.do("ack", rule="hot", key="d1")
        cool(play)
        play.tick(1000, 10)
        hot(play)
        play.tick(2000, 10)
        assert ["first_notification", "all_alerts_resolved", "first_notification"] == [
            why for _, why, *_ in play.notified()
        ]


def test_only_what_fires_can_be_acknowledged() -> None:
    """The refusal says what it is instead."""
    with playing(RULES, wall=True) as play:
        for state, words in (("", "hot/d1 is not there"), ("cool", "hot/d1 has resolved"), ("ack", "already")):
            if state == "cool":
                hot(play)
                cool(play)
            elif state == "ack":
                hot(play)
                play.do("ack", rule="hot", key="d1")
            with pytest.raises(RefusedError, match=words):
                play.do("ack", rule="hot", key="d1")


INHIBIT = """
inhibit_rules:
  - source_matchers: ['severity="critical"', 'device!=""']
    target_matchers: ['severity="warning"', 'device!=""']
    equal: [device]
"""


def test_the_worst_of_a_device_mutes_what_is_less() -> None:
    """Of that device, not of another."""
    with playing(RULES + ROUTE + INHIBIT, wall=True) as play:
        hot(play, "d1", kind="y")
        hot(play, "d1")
        hot(play, "d2")
        play.tick(40)
        told = {(alert.rule, alert.key) for notice in play.notices() for alert in notice.alerts}
        assert {("dead", "d1"), ("hot", "d2")} == told
        assert 1 == play.alerter.figures()["quiet_inhibited"]
        cool(play, "d1", kind="y")
        play.tick(400)
        assert ("hot", "d1") in {(alert.rule, alert.key) for alert in play.notices()[-1].alerts}


def test_what_was_notified_and_is_then_muted_is_not_notified_as_resolved() -> None:
    """Alertmanager 891: it still fires; and when it can be heard again it is no news."""
    with playing(RULES + ROUTE + INHIBIT, wall=True) as play:
        hot(play, "d1")
        play.tick(60)
        hot(play, "d1", kind="y")
        play.tick(900, 5)
        cool(play, "d1", kind="y")
        play.tick(2000, 5)
        of_hot = [notice.reason.value for notice in play.notices() if notice.group_labels == {"rule": "hot"}]
        assert ["first_notification"] == of_hot


def test_a_silence_ends_by_itself_and_then_the_alert_is_notified() -> None:
    """Two hours of quiet, with a comment."""
    with playing(RULES + ROUTE, wall=True) as play:
        play.do("silence", matchers=["device=~d.*", "rule=hot"], for_s=7200, comment="works")
        hot(play)
        play.tick(7190, 10)
        assert [] == play.notified()
        answer = play.alerter.answer("alerts", {})
        assert ["silenced"] == [alert["muted"] for alert in answer["alerts"]]
        play.tick(8000, 10)
        assert ["first_notification"] == [reason for _, reason, *_ in play.notified()]


def test_a_silence_can_be_ended() -> None:
    """By the first digits of its id; one that is over cannot."""
    with playing(RULES + ROUTE, wall=True) as play:
        identity = play.do("silence", matchers=["rule=hot"], for_s=7200, comment="works")["silence"]["id"]
        hot(play)
        play.tick(60)
        play.do("unsilence", id=identity)
        with pytest.raises(RefusedError, match="there is no silence"):
            play.do("unsilence", id=identity)
        play.tick(400)
        assert 1 == len(play.notified())
        assert [] == play.alerter.answer("silences", {})["silences"]
        assert 1 == len(play.alerter.answer("silences", {"expired": True})["silences"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"matchers": [], "for_s": 1, "comment": "c"}, "at least 1"),
        ({"matchers": ["a=~'['"], "for_s": 1, "comment": "c"}, "no regular expression"),
        ({"matchers": ["nonsense"], "for_s": 1, "comment": "c"}, "is no matcher"),
        ({"matchers": ['a=~".*"'], "for_s": 1, "comment": "c"}, "would silence everything"),
        ({"matchers": ["a=b"], "for_s": 1}, "comment"),
        ({"matchers": ["a=b"], "comment": "c"}, "ends before it starts"),
        ({"matchers": ["a=b"], "comment": "c", "for_h": 2}, "for_h"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(data: dict[str, object], words: str) -> None:
    """With what is wrong; nothing is kept of it."""
    with playing(RULES, wall=True) as play:
        with pytest.raises((RefusedError, ValueError), match=words):
            play.do("silence", **data)
        assert [] == play.alerter.answer("silences", {})["silences"]


NIGHTS = """
route:
  group_by: [rule]
  routes: [{matchers: ['severity="warning"'], %s: [n]}]
time_intervals: [{name: n, time_intervals: [{times: [{start_time: "%s", end_time: "%s"}]}]}]
"""


@pytest.mark.parametrize(
    ("key", "start", "end", "quiet"),
    [
        ("mute_time_intervals", "12:00", "13:00", "quiet_mute_time_interval"),
        ("active_time_intervals", "13:00", "14:00", "quiet_outside_active_time_interval"),
    ],
)
def test_at_muted_times_nobody_is_notified(key: str, start: str, end: str, quiet: str) -> None:
    """It is noon: quiet for an hour; what still fires then is told of. The critical goes another way."""
    with playing(RULES + NIGHTS % (key, start, end), wall=True) as play:
        hot(play)
        hot(play, kind="y")
        play.tick(3590, 10)
        assert {"dead"} == {notice.group_labels["rule"] for notice in play.notices()}
        assert int(play.alerter.figures()[quiet]) > 0
        play.tick(4200, 10)
        assert "hot" == play.notices()[-1].group_labels["rule"]


def test_what_flaps_is_notified_as_firing_until_it_is_calm() -> None:
    """Twenty times on and off: until the fourth within the hour told as it is, then only that it is over."""
    rules = RULES + ROUTE + "flapping: {fires: 4, within: 1h}\n"
    with playing(rules, wall=True) as play:
        for _ in range(20):
            hot(play)
            play.tick(play.now_s + 60)
            cool(play)
            play.tick(play.now_s + 60)
            play.until(play.now_s)
        while play.now_s < 4 * 3600:
            play.tick(play.now_s + 60, 10)
            play.until(play.now_s)
        assert ["first_notification", "all_alerts_resolved"] * 2 == [reason for _, reason, *_ in play.notified()]
        assert int(play.alerter.figures()["quiet_flapping"]) > 0


def test_a_receiver_may_not_want_to_hear_of_the_end() -> None:
    """And what fires afterwards is told as the first."""
    rules = RULES + ROUTE + "receivers: [{name: default, send_resolved: false}]\n"
    with playing(rules, wall=True) as play:
        hot(play)
        play.tick(60)
        cool(play)
        play.tick(1000, 10)
        hot(play)
        play.tick(2000, 10)
        assert ["first_notification", "first_notification"] == [reason for _, reason, *_ in play.notified()]


def test_an_alert_may_go_several_ways() -> None:
    """Where a route says continue."""
    routes = """
route:
  routes:
    - {matchers: ['rule="hot"'], receiver: log, continue: true}
    - {matchers: ['rule="hot"'], receiver: phone}
receivers: [{name: default}, {name: log}, {name: phone}]
"""
    with playing(RULES + routes, wall=True) as play:
        hot(play)
        hot(play, kind="y")
        play.tick(60)
        assert ["default", "log", "phone"] == sorted(notice.receiver for notice in play.notices())


def test_a_notice_lists_the_worst_first_and_counts_the_rest() -> None:
    """It stays small however many there are."""
    with playing(RULES + "route: {group_by: [site]}\n", wall=True) as play:
        for number in range(LISTED + 20):
            hot(play, f"d{number}", kind="x")
        hot(play, "worst", kind="y")
        play.tick(60)
        (notice,) = play.notices()
        assert (LISTED + 21, LISTED, 21) == (notice.firing, len(notice.alerts), notice.truncated)
        assert "dead" == notice.alerts[0].rule
        assert {} == notice.group_labels


def test_a_rule_without_notification_tells_nobody() -> None:
    """Its topic does."""
    with playing("rules: {r: {compare: {type: x, above: 1}, actions: []}}", wall=True) as play:
        hot(play)
        play.tick(60)
        assert ([], 1) == (play.notified(), play.alerter.figures()["quiet_no_notification_action"])


@pytest.mark.parametrize("cut_s", [0, 10, 29, 31, 100, 340, 400, 640, 700, 1000])
def test_a_restart_at_any_moment_repeats_no_notice_and_forgets_none(cut_s: float, tmp_path: Path) -> None:
    """Groups, who was told of what, silences and acknowledgements are in the ledger."""

    def run(path: Path, restart_s: float | None) -> list[tuple[float, str, int, int]]:
        with playing(RULES + ROUTE, wall=True, path=path) as play:
            happens = {
                1: lambda: hot(play, "d1"),
                35: lambda: hot(play, "d2"),
                345: lambda: play.do("ack", rule="hot", key="d2"),
                350: lambda: cool(play, "d1"),
                360: lambda: play.do("silence", matchers=["device=d3"], for_s=600, comment="c"),
                380: lambda: hot(play, "d3"),
            }
            for second in range(1, 1500):
                play.tick(second)
                if second in happens:
                    happens[second]()
                if second == restart_s:
                    play.restart()
            return play.notified()

    undisturbed = run(tmp_path / "a", None)
    assert 4 <= len(undisturbed)
    assert undisturbed == run(tmp_path / "b", cut_s)
