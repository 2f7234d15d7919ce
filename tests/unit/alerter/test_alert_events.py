"""Alerts and emergency stops as events (issue 15.10), and what a forged time cannot do (13.2)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.support.alerter_harness import Play, playing
from tests.support.alerter_times import START

RULE = "rules: {hot: {compare: {type: x, above: 30}, for: 10s, actions: [notification, emergency_stop]}}"


def offered(play: Play) -> list[tuple[str, str]]:
    return [(offer.type, offer.id or "") for offer in play.offers]


def test_an_alert_is_raised_and_cleared_as_events() -> None:
    """With the time and the place of the alert; what only waited was never raised."""
    with playing("rules: {hot: {compare: {type: x, above: 30}, for: 10s}}", wall=True) as play:
        play.event(0, "x", "d1", "tent", value=31)
        play.event(5, "x", "d1", "tent", value=1)
        play.event(6, "x", "d1", "tent", value=31)
        play.until(20)
        play.event(30, "x", "d1", "tent", value=1)
        raised, cleared = play.offers
        assert ("alert.raised", "d1", "tent", "hot") == (raised.type, raised.device, raised.zone, raised.data["rule"])
        assert ("alert.cleared", "within_limit") == (cleared.type, cleared.data["reason"])
        assert 14 == (cleared.time - raised.time).total_seconds()  # type: ignore[operator]


def test_a_stop_and_its_reset_are_events() -> None:
    """By whom, and why."""
    with playing(RULE, wall=True) as play:
        play.event(0, "x", "d1", "tent", value=31)
        play.until(20)
        play.tick(30)
        play.do("reset_stop", by="ann", zone="tent", why="pump replaced")
        kinds = [offer.type for offer in play.offers]
        assert ["alert.raised", "emergency.stop", "emergency.reset"] == kinds
        assert ("tent", "ann") == (play.offers[-1].data["zone"], play.offers[-1].data["by"])


def test_the_same_alert_offers_the_same_id(tmp_path: object) -> None:
    """A batch that did not commit is judged again: what it offers counts once."""
    with playing(RULE, wall=True, path=f"{tmp_path}/ledger") as play:
        for _ in range(2):
            play.ledger.db.execute("BEGIN")
            play.event(0, "x", "d1", "tent", value=31, id="same")
            play.until(20)
            play.ledger.db.execute("ROLLBACK")
            play.restart()
        ids = offered(play)
        assert 4 == len(ids)
        assert ids[:2] == ids[2:]


def test_history_that_is_played_is_no_news() -> None:
    """Alerts of a recording are not told again as events of today."""
    with playing(RULE, wall=True) as play:
        play.step(timedelta(days=400).total_seconds())
        play.event(0, "x", "d1", "tent", value=31)
        play.until(20)
        assert ("hot/d1", "firing", 10.0) in play.timeline()
        assert [] == play.offers


def test_a_time_that_nobody_can_have_seen_ends_no_alert() -> None:
    """Neither an event of the year 9000 nor a promise that event time is there."""
    far_s = timedelta(days=365 * 5000).total_seconds()
    with playing("rules: {many: {count: {type: x, more_than: 1, within: 1h}}}", wall=True) as play:
        play.event(0, "x")
        play.event(1, "x")
        play.event(far_s, "x")
        play.until(far_s)
        assert [("many/d1", "firing", 1.0)] == play.timeline()
        assert 2 == play.alerter.figures()["from_the_future"]
        play.event(2, "x")
        play.until(4000)
        assert ("many/d1", "resolved", 3601.0) == play.timeline()[-1]


def test_a_simulation_may_run_ahead_of_the_clock() -> None:
    """Its times follow one another."""
    with playing("rules: {hot: {compare: {type: x, above: 30}}}", wall=True) as play:
        for hour in range(0, 24 * 9, 12):
            play.event(hour * 3600.0, "x", value=31 + hour % 2)
        assert 0 == play.alerter.figures()["from_the_future"]


HOT = "rules: {hot: {compare: {type: x, above: 30}}}"


def test_what_was_raised_is_cleared_however_far_ahead_of_the_clock() -> None:
    """A simulation at speed: an alert that stands raised for ever would weigh on the health for ever."""
    with playing(HOT, wall=True) as play:
        play.event(50, "x", value=31)
        play.event(5000, "x", value=1)
        play.event(6000, "x", value=31)
        play.event(7000, "x", value=1)

        assert [("alert.raised", 50.0), ("alert.cleared", 60.0)] == [
            (offer.type, (offer.time - START).total_seconds()) for offer in play.offers if offer.time
        ]


def test_what_was_raised_is_cleared_when_its_end_is_old(tmp_path: Path) -> None:
    """The alerter was away for a day, and remembers that it raised the alert."""
    with playing(HOT, wall=True, path=tmp_path / "ledger.sqlite") as play:
        play.event(0, "x", value=31)
        play.restart()
        play.step(timedelta(days=1).total_seconds())
        play.event(60, "x", value=1)

        assert ["alert.raised", "alert.cleared"] == [offer.type for offer in play.offers]


def test_what_was_raised_is_cleared_when_its_rule_is_removed(tmp_path: Path) -> None:
    """Once."""
    with playing(HOT, wall=True, path=tmp_path / "ledger.sqlite") as play:
        play.event(0, "x", value=31)
        play.text = ""
        play.restart()
        play.restart()

        assert ["alert.raised", "alert.cleared"] == [offer.type for offer in play.offers]
