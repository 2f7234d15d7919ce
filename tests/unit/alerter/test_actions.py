"""What alerts do: commands, shutdown, emergency stops. Each once for each time it fires, also after a crash."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from shared.delivery.handler import RefusedError
from shared.messages import AlertState
from shared.requests import Command
from tests.support.alerter_harness import Play, after, playing

COMMAND = """
rules:
  hot:
    compare: {type: x, above: 30}
    actions: [{command: {target: "fan_{device}", name: "on", data: {speed: 3, why: "{device} is hot"}, expires: 60s}}]
"""
STOP = "rules: {bad: {compare: {type: x, above: 30}, actions: [emergency_stop]}}\n"
SHUTDOWN = "rules: {low: {compare: {type: x, above: 30}, actions: [shutdown]}}\n"


def commands(play: Play) -> list[Command]:
    return [message for message in play.publisher.emitted if isinstance(message, Command)]


def test_a_command_goes_to_the_device_it_is_about() -> None:
    """With its labels filled in, and a time after which it is too late."""
    with playing(COMMAND) as play:
        play.event(5, "x", "d1", value=31)
        (command,) = commands(play)
        assert ("fan_d1", "on", {"speed": 3, "why": "d1 is hot"}) == (command.target, command.name, command.data)
        assert after(65) == command.expires


def test_a_command_is_given_once_for_each_time_the_alert_fires() -> None:
    """Not for every further event."""
    with playing(COMMAND) as play:
        for at, value in ((0, 31), (1, 32), (2, 33), (3, 0), (4, 31)):
            play.event(at, "x", value=value)
        assert 2 == len({command.id for command in commands(play)}) == len(commands(play))


def test_a_batch_that_did_not_commit_gives_the_same_command_again(tmp_path: Path) -> None:
    """Its id follows from the firing, so whoever got both does it once."""
    ids = []
    with playing(COMMAND, path=tmp_path / "ledger") as play:
        for _ in range(2):
            play.ledger.db.execute("BEGIN")
            play.event(0, "x", value=31, id="same")
            ids += [command.id for command in commands(play)]
            play.publisher.emitted.clear()
            play.ledger.db.execute("ROLLBACK")
            play.restart()
    assert 2 == len(ids)
    assert ids[0] == ids[1]


def test_a_shutdown_says_why_and_is_too_late_after_five_minutes() -> None:
    """An old order must not put out a machine that has its mains back."""
    with playing(SHUTDOWN) as play:
        play.event(0, "x", value=31)
        (command,) = commands(play)
        assert ("host", "shutdown", "low", "d1") == (
            command.target, command.name, command.data["rule"], command.data["key"],
        )  # fmt: skip
        assert after(0) + timedelta(minutes=5) == command.expires


def test_an_emergency_stop_is_latched_until_a_person_lifts_it() -> None:
    """It outlives its cause, more causes change nothing, and lifting says who and why."""
    with playing(STOP, wall=True) as play:
        play.event(0, "x", "d1", "tent", value=31)
        play.event(1, "x", "d1", "tent", value=0)
        play.event(2, "x", "d2", "tent", value=31)
        stop = play.retained("emergency_stop", "tent")
        assert stop is not None
        assert (AlertState.FIRING, after(0)) == (stop.state, stop.since)
        assert [("climate_supervisor", "emergency_stop", "tent")] == [(t, n, d["zone"]) for t, n, d in play.commands()]

        play.tick(100)
        play.do("reset_stop", by="ann", zone="tent", why="pump replaced")
        stop = play.retained("emergency_stop", "tent")
        assert stop is not None
        assert (AlertState.RESOLVED, "ann", "pump replaced") == (stop.state, stop.by, stop.comment)
        assert ("climate_supervisor", "emergency_release") == play.commands()[-1][:2]
        play.event(200, "x", "d2", "tent", value=0)
        play.event(201, "x", "d2", "tent", value=31)
        assert 3 == len(play.commands())


def test_a_stop_survives_a_restart(tmp_path: Path) -> None:
    """And is retained again."""
    with playing(STOP, path=tmp_path / "ledger") as play:
        play.event(0, "x", "d1", "tent", value=31)
        play.publisher.retained.clear()
        play.restart()
        stop = play.retained("emergency_stop", "tent")
        assert stop is not None
        assert AlertState.FIRING is stop.state
        assert 1 == len(play.commands())


def test_a_stop_without_a_zone_stops_nothing_and_says_so() -> None:
    """A missing key never widens an action (issue 14.7). The alert fires all the same."""
    with playing(STOP) as play:
        play.event(0, "x", value=31)
        assert (None, []) == (play.retained("emergency_stop", "all"), play.commands())
        assert ("bad/d1", "firing", 0.0) == play.timeline()[-1]
        assert 1 == play.alerter.figures()["withheld_missing_label"]


def test_a_stop_of_everything_has_to_be_asked_for() -> None:
    """By its name."""
    with playing("rules: {bad: {compare: {type: x, above: 30}, actions: [{emergency_stop: {zone: all}}]}}") as play:
        play.event(0, "x", value=31)
        assert play.retained("emergency_stop", "all") is not None


def test_a_command_without_its_device_goes_to_nobody() -> None:
    """Neither target nor data is filled with nothing."""
    action = "{command: {target: '{device}', name: start}}"
    text = f"rules: {{hot: {{compare: {{type: x, above: 30}}, by: [zone], actions: [{action}]}}}}"
    with playing(text) as play:
        play.event(0, "x", "d1", "tent", value=31)
        assert ([], ("hot/tent", "firing", 0.0)) == (play.commands(), play.timeline()[-1])


def test_errors_of_devices_whose_names_are_missing_are_no_burst_of_one() -> None:
    """Six errors of three pumps, none of which has failed more than five times: ``alert/emergency_stop/all`` before."""
    burst = "rules: {burst: {burst: {type: device.error, more_than: 5, within: 10m}, actions: [emergency_stop]}}"
    with playing(burst) as play:
        for second in range(6):
            play.event(second, "device.error", None, "tent", device_id=f"pump{second % 3}")
        assert ([], []) == (play.timeline(), play.commands())
        assert 6 == play.alerter.figures()["samples_without_group"]


def test_a_rule_that_only_notifies_still_shows_what_has_no_device() -> None:
    """Nothing is lost from sight: only an action is never widened."""
    with playing("rules: {many: {count: {type: x, more_than: 1, within: 1h}}}") as play:
        play.event(0, "x", None)
        play.event(1, "x", None)
        assert [("many/none", "firing", 1.0)] == play.timeline()


@pytest.mark.parametrize("text", [COMMAND, STOP, SHUTDOWN])
def test_old_news_orders_nothing(text: str) -> None:
    """An offer of 400 days ago is counted and told of; nothing is done about it (issue 14.12)."""
    with playing(text) as play:
        play.until(400 * 86_400)
        play.event(0, "x", "d1", "tent", value=31)
        assert ([], 1) == (play.commands(), play.alerter.figures()["withheld_too_old"])
        assert "firing" in {state for _, state, _ in play.timeline()}


def test_old_news_that_has_to_hold_for_a_while_orders_nothing_either(tmp_path: Path) -> None:
    """Nor after a restart in between."""
    with playing(STOP.replace("actions", "for: 1m, actions"), path=tmp_path / "ledger") as play:
        play.until(86_400)
        play.event(0, "x", "d1", "tent", value=31)
        play.restart()
        play.until(86_500)
        assert ("bad/d1", "firing", 86_460.0) == play.timeline()[-1]
        assert [] == play.commands()


@pytest.mark.parametrize("zone", ["elsewhere", "tent"])
def test_only_a_stop_that_stands_can_be_lifted(zone: str) -> None:
    """The refusal names those that do."""
    with playing(STOP) as play:
        if zone == "elsewhere":
            play.event(0, "x", "d1", "tent", value=31)
        with pytest.raises(RefusedError, match="stopped: tent" if zone == "elsewhere" else "nothing is stopped"):
            play.do("reset_stop", zone=zone, why="because")


def test_lifting_needs_a_reason_and_a_name() -> None:
    """Who and why are kept."""
    with playing(STOP) as play:
        play.event(0, "x", "d1", "tent", value=31)
        with pytest.raises(ValueError, match="why"):
            play.do("reset_stop", zone="tent")
        with pytest.raises(RefusedError, match="does not say who sent it"):
            play.do("reset_stop", by="", zone="tent", why="because")


@pytest.mark.parametrize("text", [COMMAND, STOP, SHUTDOWN])
def test_a_replayed_event_orders_nothing(text: str) -> None:
    """By construction: it reaches no rule."""
    with playing(text) as play:
        play.event(0, "x", value=31, replayed=True)
        assert ([], [], {}) == (commands(play), play.timeline(), play.publisher.retained)


@pytest.mark.parametrize("name", ["nonsense", ""])
def test_what_the_alerter_does_not_know_is_refused_with_what_it_knows(name: str) -> None:
    """Commands and questions."""
    with playing(STOP) as play:
        with pytest.raises(RefusedError, match="it knows ack, silence, unsilence, reset_stop and test"):
            play.do(name or "x")
        with pytest.raises(
            RefusedError, match="it knows alerts, silences, notices, delivery, route, standing and stops"
        ):
            play.alerter.answer(name, {})
