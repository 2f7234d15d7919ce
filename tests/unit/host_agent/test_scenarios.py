"""Shutdowns as they go: power fails and comes back, readings stop, people and alerts ask."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.host_agent.core import inputs
from services.host_agent.core.phases import Phase, Signal
from services.host_agent.core.policies import Cause
from shared.messages import Alert, AlertState, Quality, Severity
from tests.support.simulated_host import NOON, Host


def test_battery_critical_warns_waits_and_acts() -> None:
    """The delay runs from the first critical reading."""
    host = Host(delay_s=30).hear("mains").go(1).hear("battery")
    assert Phase.WARNED is host.phase

    host.go(1).hear(battery="critical")
    assert (Phase.COUNTING_DOWN, Cause.BATTERY_LEVEL) == (host.phase, host.memory.cause)

    host.keep_hearing(29, battery="critical")
    assert 0 == host.acts
    host.keep_hearing(1, battery="critical")
    assert (1, Phase.DONE) == (host.acts, host.phase)


def test_mains_back_during_the_delay_cancel() -> None:
    """Once they have stood for mains_back_s; until then the countdown waits."""
    host = Host(delay_s=30, mains_back_s=10).hear(battery="critical").go(5).hear("mains", battery="critical")
    assert Phase.HELD is host.phase

    host.keep_hearing(9, "mains", battery="critical")
    assert Phase.HELD is host.phase
    host.keep_hearing(1, "mains", battery="critical")
    assert (Phase.WATCHING, None, 0) == (host.phase, host.memory.cause, host.acts)
    assert Signal.MAINS_BACK is host.signals[-1]


def test_flapping_mains_cancel_nothing_and_gain_nothing() -> None:
    """Blips shorter than mains_back_s stop the countdown and do not set it back: it ends in a shutdown on battery."""
    host = Host(delay_s=30, mains_back_s=10).hear(battery="critical")
    for _ in range(5):
        host.keep_hearing(5, battery="critical")
        host.keep_hearing(5, "mains", battery="critical")
    assert (0, Phase.HELD) == (host.acts, host.phase)

    host.keep_hearing(10, battery="critical")
    assert (1, 1) == (host.acts, host.signals.count(Signal.POLICY_DUE))


def test_short_spells_on_battery_with_a_good_battery_do_nothing() -> None:
    """A thousand of them."""
    host = Host(on_battery_for_s=600)
    for _ in range(1000):
        host.go(1).hear().go(1).hear("mains")
        host.keep_hearing(11, "mains")
    assert 0 == host.acts
    assert {Signal.ON_BATTERY, Signal.ON_MAINS} == set(host.signals)


def test_a_stale_gauge_while_on_battery_is_silence_and_acts() -> None:
    """Frames that come but hold nothing are no evidence of anything but that the supply cannot be heard."""
    host = Host(dead_time_s=30, delay_s=10).hear()
    host.keep_hearing(29, quality=Quality.BAD)
    assert Phase.WARNED is host.phase
    host.keep_hearing(2, quality=Quality.BAD)
    assert (Phase.COUNTING_DOWN, Cause.SILENT) == (host.phase, host.memory.cause)
    host.keep_hearing(10, quality=Quality.BAD)
    assert 1 == host.acts


def test_a_repeated_state_is_no_evidence() -> None:
    """A service that comes back tells its last state again; its time says that nothing was read anew."""
    host = Host(dead_time_s=30, delay_s=10)
    host.hear()
    for _ in range(60):
        host.go(1).hear(age_s=host.now_s - 1000)
    assert 1 == host.acts


def test_silence_on_battery_ends_with_a_reading_that_shows_no_danger() -> None:
    """The countdown is cancelled, and the host stays warned."""
    host = Host(dead_time_s=30, delay_s=30).hear().go(40)
    assert Phase.COUNTING_DOWN is host.phase
    host.hear()
    assert (Phase.WARNED, 0) == (host.phase, host.acts)
    assert Signal.SAFE_AGAIN in host.signals


def test_silence_on_mains_never_acts() -> None:
    """Last known on mains: nothing is known to be wrong."""
    assert (0, Phase.WATCHING) == ((host := Host().hear("mains").go(4000)).acts, host.phase)


def test_a_supply_never_heard_never_acts() -> None:
    """As NUT has it: what was never heard is taken to be on line."""
    assert 0 == Host().go(4000).acts


def test_a_retained_state_is_no_evidence() -> None:
    """It may be from before the reboot."""
    assert 0 == Host().hear(battery="critical", retained=True).go(4000).acts


def test_a_retained_state_that_is_newer_than_the_last_one_heard_counts_from_its_own_time() -> None:
    """The broker was away for a while, and the mains came back meanwhile."""
    host = Host(delay_s=60).hear(battery="critical").go(50).hear("mains", retained=True, age_s=20)
    assert Phase.WATCHING is host.phase  # they have stood for 20 s
    assert 0 == host.go(4000).acts


def test_a_low_battery_after_a_reboot_waits_for_the_boot_grace() -> None:
    """So that a machine whose mains come and go is no loop of shutdowns, and a person can get in."""
    host = Host(uptime_s=20, boot_grace_s=300, delay_s=30).keep_hearing(279, battery="critical")
    assert Phase.WARNED is host.phase
    host.keep_hearing(2, battery="critical")
    assert Phase.COUNTING_DOWN is host.phase
    assert 1 == host.keep_hearing(30, battery="critical").acts


def test_mains_within_the_boot_grace_and_nothing_happens() -> None:
    """The usual case: it started because the mains are back."""
    host = Host(uptime_s=20).hear(battery="critical").keep_hearing(600, "mains", battery="critical")
    assert 0 == host.acts


def test_an_undervoltage_does_not_wait_for_the_boot_grace() -> None:
    """There may be no five minutes left."""
    host = Host(uptime_s=20, delay_s=30).hear(active=("UNDERVOLTAGE_DETECTED",))
    assert Cause.UNDERVOLTAGE is host.memory.cause


@pytest.mark.parametrize(("channel", "cause"), [("state_of_charge", Cause.CHARGE), ("runtime_left_s", Cause.RUNTIME)])
def test_charge_and_runtime_must_stay_low_for_a_while(channel: str, cause: Cause) -> None:
    """One reading is a glitch."""
    host = Host(hold_s=5, charge_below_percent=10, runtime_below_s=180)
    host.hear(**{channel: 500}).go(1).hear(**{channel: 9}).go(1).hear(**{channel: 500})
    assert Phase.WARNED is host.keep_hearing(20, **{channel: 500}).phase

    host.keep_hearing(6, **{channel: 9})
    assert (Phase.COUNTING_DOWN, cause) == (host.phase, host.memory.cause)
    host.keep_hearing(5, **{channel: 500})
    assert Phase.COUNTING_DOWN is host.phase  # it began, and only mains or a person end it


def test_the_lower_bound_of_an_estimate_goes_before_what_the_ups_reports() -> None:
    """Where there is one: it shuts down while the UPS still reports an hour, and says by what; else the UPS decides."""
    rules = {"hold_s": 5, "runtime_below_s": 180, "delay_s": 30}
    estimated = Host(**rules).keep_hearing(6, runtime_left_s=3600, estimated_runtime_low_s=170)
    plenty = Host(**rules).keep_hearing(6, runtime_left_s=0, estimated_runtime_low_s=3000)
    reported = Host(**rules).keep_hearing(6, runtime_left_s=170)

    assert Cause.RUNTIME is estimated.memory.cause
    assert "ups: 170 s of runtime are left, by the lower bound of the estimate" == estimated.memory.why
    assert plenty.memory.cause is None
    assert "ups: 170 s of runtime are left" == reported.memory.why


def test_time_on_battery_acts_whatever_the_battery_says() -> None:
    """And a blip of mains does not set it back."""
    host = Host(on_battery_for_s=60, delay_s=0).hear().keep_hearing(50).go(1).hear("mains").go(1).hear()
    assert (1, Cause.ON_BATTERY_TOO_LONG) == (host.keep_hearing(9).acts, host.memory.cause)


def test_a_board_that_cannot_see_the_mains_is_not_acted_upon_unless_wished() -> None:
    """Unknown is unknown; whoever knows his board may say otherwise."""
    careful = Host(delay_s=0).keep_hearing(100, None, battery="critical")
    bold = Host(delay_s=0, unknown_mains_is_battery_when_critical=True)

    assert 0 == careful.acts
    assert 0 == bold.keep_hearing(100, None, battery="low").acts
    assert 1 == bold.keep_hearing(100, None, battery="critical").acts


def test_one_of_two_supplies_is_enough_where_one_is_needed() -> None:
    """MINSUPPLIES of NUT."""
    host = Host(devices=("a", "b"), needs=1, delay_s=0).hear(device="a", battery="critical").hear("mains", device="b")
    assert 0 == host.go(10).acts
    host.hear(device="b", battery="critical")
    assert 1 == host.acts


def test_two_supplies_are_needed() -> None:
    """Then the first that fails is one too many."""
    host = Host(devices=("a", "b"), needs=2, delay_s=0).hear("mains", device="b").hear(device="a", battery="critical")
    assert 1 == host.acts


def test_mains_during_the_hooks_end_them_and_hooks_do_not_pass_into_the_act_on_mains() -> None:
    """The end of the hooks is the point of no return, and nobody passes it while mains are seen."""
    host = Host(delay_s=0, mains_back_s=10)
    host.slow = {Phase.HOOKS}
    host.hear(battery="critical")
    assert Phase.HOOKS is host.phase
    host.go(1).hear("mains")
    host.change(inputs.hooks_ended(host.memory))
    assert Phase.HOOKS is host.phase
    assert Phase.WATCHING is host.keep_hearing(10, "mains").phase


def test_past_the_point_of_no_return_mains_change_nothing() -> None:
    """Secondaries are going down already."""
    host = Host(delay_s=0, host_sync_s=15)
    host.slow = {Phase.SECONDARIES}
    host.hear(battery="critical")
    host.change(inputs.secondaries_ordered(host.rules, host.memory, ("nas",), host.now_s))
    host.keep_hearing(14, "mains")
    assert (Phase.SECONDARIES, 0) == (host.phase, host.acts)
    assert 1 == host.keep_hearing(1, "mains").acts


def test_the_primary_goes_on_a_little_after_the_last_secondary_has_gone() -> None:
    """Final delay, counted from the last."""
    host = Host(delay_s=0, host_sync_s=100, final_delay_s=5)
    host.slow = {Phase.SECONDARIES}
    host.hear(battery="critical")
    host.change(inputs.secondaries_ordered(host.rules, host.memory, ("nas", "web"), host.now_s))
    host.go(3).change(inputs.secondary_gone(host.memory, "nas", host.now_s)).go(10)
    assert 0 == host.acts
    host.change(inputs.secondary_gone(host.memory, "web", host.now_s)).go(4.5)
    assert 0 == host.acts
    assert 1 == host.go(0.5).acts


def test_a_command_that_fails_is_tried_again_after_a_pause() -> None:
    """A host that does not go down is in danger still."""
    host = Host(delay_s=0, retry_s=30)
    host.slow = {Phase.ACTING}
    host.hear(battery="critical")
    host.change(inputs.command_ended(host.memory, well=False)).go(29)
    assert 1 == host.acts
    assert 2 == host.go(1).acts


def test_a_person_may_shut_down_on_mains_and_only_a_person_ends_it() -> None:
    """With a delay of one's own."""
    host = Host().hear("mains")
    host.change(inputs.asked_by_person(host.memory, "ann: moving house", 60)).keep_hearing(59, "mains")
    assert (Phase.COUNTING_DOWN, 0) == (host.phase, host.acts)
    assert (1, Cause.PERSON) == (host.go(1).acts, host.memory.cause)


def test_what_a_person_calls_off_does_not_begin_anew_until_the_time_is_over() -> None:
    """Then the battery is still critical."""
    host = Host(delay_s=30).hear(battery="critical")
    host.change(inputs.called_off(host.memory, "ann: I am saving", host.now_s + 100)).keep_hearing(
        99, battery="critical"
    )
    assert (Phase.WARNED, 0) == (host.phase, host.acts)
    assert Phase.COUNTING_DOWN is host.keep_hearing(2, battery="critical").phase


def test_mains_end_what_was_called_off() -> None:
    """The next outage is another one."""
    host = Host(delay_s=30).hear(battery="critical")
    host.change(inputs.called_off(host.memory, "ann: I am saving", host.now_s + 5000))
    host.keep_hearing(12, "mains").keep_hearing(1, battery="critical")
    assert Phase.COUNTING_DOWN is host.phase


def test_a_person_takes_over_a_countdown() -> None:
    """Now means now."""
    host = Host(delay_s=300).hear(battery="critical").go(5)
    host.change(inputs.asked_by_person(host.memory, "ann: now", 0))
    assert (1, Cause.PERSON) == (host.acts, host.memory.cause)


def test_the_primarys_word_is_final_and_needs_no_countdown() -> None:
    """On mains, too, and nobody calls it off."""
    host = Host().hear("mains")
    host.slow = {Phase.HOOKS}
    host.change(inputs.ordered_by_primary(host.memory, "host_agent: the battery is critical"))
    host.change(inputs.called_off(host.memory, "ann: no", host.now_s + 100)).keep_hearing(20, "mains")
    assert Phase.HOOKS is host.phase
    assert (1, Cause.PRIMARY) == (host.change(inputs.hooks_ended(host.memory)).acts, host.memory.cause)


def hot(state: AlertState = AlertState.FIRING, began_s: float = 0) -> Alert:
    since = NOON + timedelta(seconds=began_s)
    return Alert(
        rule="hourly_rate", key="THERMAL_SHUTDOWN", state=state, severity=Severity.CRITICAL, since=since, time=since,
        value=1, threshold=0, window_s=3600, reason="over_limit", message="too hot",
    )  # fmt: skip


@pytest.mark.parametrize("named", ["hourly_rate", "hourly_rate/THERMAL_SHUTDOWN"])
def test_an_alert_that_is_named_shuts_down_once(named: str) -> None:
    """By its rule or by rule and key; the same firing told again is no news."""
    host = Host(alerts=(named,), delay_s=10, dry_run=True)
    host.change(inputs.alert_heard(host.rules, host.memory, hot(), news=True)).go(10)
    assert (1, Cause.ALERT) == (host.acts, host.moves[-2].memory.cause)

    host.change(inputs.alert_heard(host.rules, host.memory, hot(), news=True)).go(100)
    assert 1 == host.acts
    host.change(inputs.alert_heard(host.rules, host.memory, hot(began_s=5), news=True)).go(100)
    assert 2 == host.acts


def test_an_alert_that_resolves_ends_its_countdown() -> None:
    """It is no longer so."""
    host = Host(alerts=("hourly_rate",))
    host.change(inputs.alert_heard(host.rules, host.memory, hot(), news=True)).go(10)
    host.change(inputs.alert_heard(host.rules, host.memory, hot(AlertState.RESOLVED), news=True))
    assert (Phase.WATCHING, 0) == (host.phase, host.acts)


@pytest.mark.parametrize(("named", "news"), [("hourly_rate", False), ("daily_rate", True)])
def test_an_alert_that_is_old_or_not_named_does_nothing(named: str, news: bool) -> None:
    """One that fired before the reboot must not shut down again."""
    host = Host(alerts=(named,))
    assert 0 == host.change(inputs.alert_heard(host.rules, host.memory, hot(), news=news)).go(1000).acts


def test_a_dry_run_ends_with_the_mains_and_the_next_outage_is_another() -> None:
    """One act an outage."""
    host = Host(dry_run=True, delay_s=5)
    for _ in range(2):
        host.keep_hearing(60, battery="critical").keep_hearing(20, "mains")
    assert (2, Phase.WATCHING) == (host.acts, host.phase)


def test_an_agent_that_starts_again_gives_the_supply_the_dead_time_to_speak() -> None:
    """It was not the supply that was silent."""
    host = Host(dead_time_s=30, delay_s=0).hear()
    host.now_s = host.began_s = host.now_s + 3600
    assert 0 == host.go(29).acts
    assert 1 == host.go(1).acts
