"""Time that passes without events, and clocks that step."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.messages import Alert
from tests.support.alerter_harness import playing

SILENT = "rules: {silent: {absence: {type: x, after: 10m}, by: [device]}}\nidle_grace: 30s\n"
OFFLINE = "rules: {gone: {offline: {service: '*'}, for: 2m}}\n"
HOT = "rules: {hot: {compare: {type: x, above: 30}}}\n"


def test_when_nothing_comes_at_all_what_is_absent_is_notified_with_the_time_it_has_by_events() -> None:
    """Found by the clock, dated by the readings; and when events come on, not told a second time."""
    with playing(SILENT, wall=True) as play:
        play.event(0, "x")
        play.until(1)
        play.tick(629, 10)
        assert [] == play.timeline()
        play.tick(640, 10)
        assert [("silent/d1", "firing", 600)] == play.timeline()
        play.until(700)
        assert [("silent/d1", "firing", 600)] == play.timeline()


def test_while_the_broker_is_away_nothing_counts_as_absent() -> None:
    """Who cannot see does not say that nothing is there."""
    with playing(SILENT, wall=True) as play:
        play.event(0, "x")
        play.until(1)
        play.tick(3600, 10, connected=False)
        assert [] == play.timeline()


def test_a_restart_while_nothing_comes_notifies_nothing_twice(tmp_path: Path) -> None:
    """The time it was down does not count either."""
    with playing(SILENT, wall=True, path=tmp_path / "ledger") as play:
        play.event(0, "x")
        play.until(1)
        for _ in range(20):
            play.tick(play.now_s + 100, 10)
            play.restart()
        play.tick(play.now_s + 700, 10)
        play.restart()
        play.tick(play.now_s + 700, 10)
        assert [("silent/d1", "firing", 600)] == play.timeline()


def test_readings_that_come_late_end_what_fired_too_soon() -> None:
    """The processor was down and catches up; the alert does not end before it began."""
    with playing(SILENT, wall=True) as play:
        play.event(0, "x")
        play.until(1)
        play.tick(700, 10)
        for at in (60, 120, 700):
            play.event(at, "x")
        play.until(701)
        (_, _, fired), (_, state, ended) = play.timeline()
        assert ("resolved", True) == (state, fired <= ended <= 601)


@pytest.mark.parametrize("by_s", [86_400.0, -86_400.0, 40.0, -40.0])
def test_a_step_of_the_wall_clock_neither_hastens_nor_delays_a_notice(by_s: float) -> None:
    """What was to be in half a minute is, by the clock that does not step."""
    with playing(HOT, wall=True) as play:
        play.event(0, "x", value=31)
        play.tick(10)
        play.step(by_s)
        play.tick(29 + by_s)
        assert [] == play.notified()
        play.tick(31 + by_s)
        assert 1 == len(play.notified())
        play.tick(3600 + by_s, 10)
        assert 1 == len(play.notified())


@pytest.mark.parametrize("by_s", [86_400.0, -86_400.0])
def test_a_silence_for_two_hours_lasts_two_hours_whatever_the_clock_does(by_s: float) -> None:
    """One until a time by the clock ends at that time."""
    with playing(HOT, wall=True) as play:
        play.tick(1)
        play.do("silence", matchers=["rule=hot"], for_s=7200, comment="c")
        play.event(0, "x", value=31)
        play.step(by_s)
        play.tick(7100 + by_s, 10)
        assert [] == play.notified()
        play.tick(7600 + by_s, 10)
        assert 1 == len(play.notified())


@pytest.mark.parametrize("by_s", [7200.0, -7200.0])
def test_a_step_reported_in_the_stream_moves_what_waits(by_s: float) -> None:
    """For fifteen minutes is for fifteen minutes."""
    with playing("rules: {hot: {compare: {type: x, above: 30}, for: 15m}}") as play:
        play.event(0, "x", value=31)
        play.until(300)
        play.jump(301 + by_s, by_s)
        play.until(900 + by_s)
        assert ["pending"] == [state for _, state, _ in play.timeline()]
        play.until(901 + by_s)
        assert ("hot/d1", "firing", 900 + by_s) == play.timeline()[-1]


def test_a_service_that_is_gone_fires_after_a_while_and_one_that_said_good_bye_does_not() -> None:
    """``stopped`` was meant."""
    with playing(OFFLINE, wall=True) as play:
        play.tick(10)
        play.service("sensor_reader", "offline")
        play.service("counter_store", "stopped")
        play.tick(131)
        assert [("gone/sensor_reader", "pending", 10), ("gone/sensor_reader", "firing", 130)] == play.timeline()
        play.service("sensor_reader", "online")
        assert ("gone/sensor_reader", "resolved", 131) == play.timeline()[-1]


def test_a_last_will_that_is_seen_again_after_a_reconnect_starts_nothing_anew() -> None:
    """Retained values come again with every connection, and after every restart."""
    with playing(OFFLINE, wall=True) as play:
        for at in (0, 50, 100):
            play.tick(at)
            play.service("sensor_reader", "offline")
        play.tick(130)
        assert [("gone/sensor_reader", "pending", 0), ("gone/sensor_reader", "firing", 120)] == play.timeline()


@pytest.mark.parametrize("by_s", [5000.0, -5000.0])
def test_a_step_does_not_make_a_service_be_gone_for_longer_or_shorter(by_s: float) -> None:
    """Two minutes are two minutes."""
    with playing(OFFLINE, wall=True) as play:
        play.tick(10)
        play.service("sensor_reader", "offline")
        play.tick(20)
        play.step(by_s)
        play.tick(129 + by_s)
        assert ["pending"] == [state for _, state, _ in play.timeline()]
        play.tick(132 + by_s)
        assert ["pending", "firing"] == [state for _, state, _ in play.timeline()]


def test_a_pending_alert_that_did_not_last_leaves_no_trace_on_its_topic() -> None:
    """It never was one."""
    with playing(OFFLINE, wall=True) as play:
        play.service("a", "offline")
        play.tick(10)
        assert play.retained("gone", "a") is not None
        play.service("a", "online")
        assert play.retained("gone", "a") is None


def test_what_resolved_a_day_ago_is_taken_from_its_topic_and_from_the_ledger(tmp_path: Path) -> None:
    """Ten thousand keys do not stay for ever; emptied once more after a restart within the hour."""
    with playing(HOT, wall=True, path=tmp_path / "ledger") as play:
        play.event(0, "x", value=31)
        play.event(1, "x", value=0)
        play.until(2)
        play.tick(86_300, 60)
        assert isinstance(play.retained("hot", "d1"), Alert)
        play.tick(86_600, 60)
        assert play.retained("hot", "d1") is None
        assert 0 == len(play.ledger.db.execute("SELECT * FROM alert_record").fetchall())
        play.publisher.retained["upskeep/v1/home/alert/hot/d1"] = play.alerter.snapshot  # type: ignore[assignment]
        play.restart()
        assert play.retained("hot", "d1") is None


def test_events_pace_it_where_there_is_no_clock() -> None:
    """In a backtest groups wait by the time of the recording."""
    with playing(HOT) as play:
        play.event(0, "x", value=31)
        play.event(400, "x", value=0)
        play.until(2000)
        assert [(30, "first_notification", 1, 0), (630, "all_alerts_resolved", 0, 1)] == [
            (round(at / 30) * 30, *rest) for at, *rest in play.notified()
        ]


def test_a_jump_in_the_stream_moves_notices_where_events_pace_them() -> None:
    """Thirty years on: the group is looked at when it was to be, and not every five minutes until then."""
    with playing(HOT) as play:
        play.event(0, "x", value=31)
        play.jump(10 + 1e9, 1e9)
        play.until(29 + 1e9)
        assert [] == play.notified()
        play.until(31 + 1e9)
        assert [(30 + 1e9, "first_notification", 1, 0)] == play.notified()
