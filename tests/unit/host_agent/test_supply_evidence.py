"""Each policy asks for the figure that it needs: one bad variable blinds nobody, and silence ends what it should."""

from __future__ import annotations

from typing import Any

import pytest

from services.host_agent.core.phases import Phase
from services.host_agent.core.policies import Cause
from shared.messages import Quality
from tests.support.simulated_host import Host

SHIPPED: dict[str, Any] = {"bare": True, "battery": None}


@pytest.mark.parametrize("quality", [Quality.GOOD, Quality.SUSPECT])
@pytest.mark.parametrize(("values", "cause"), [
    ({"runtime_left_s": 60.0}, Cause.RUNTIME),  # nut#2024: the voltage is wrong by ten, and so left out
    ({"state_of_charge": 9.0}, Cause.CHARGE),
    ({"battery_low": True}, Cause.LOW_WORD),  # nut#561: neither charge nor runtime
])  # fmt: skip
def test_one_figure_alone_is_enough(values: dict[str, Any], cause: Cause, quality: Quality) -> None:
    """Whatever else is missing or in doubt."""
    host = Host(delay_s=0).hear("mains", **SHIPPED, battery_low=False)
    host.keep_hearing(8, quality=quality, **SHIPPED, **values)

    assert (1, cause) == (host.acts, host.memory.cause)


def test_a_low_word_is_not_believed_beside_figures_that_disagree() -> None:
    """nut#1942: OB LB at once, with 97 % and 1,600 s."""
    host = Host(delay_s=0).hear("mains")
    host.keep_hearing(20, battery="low", battery_low=True, state_of_charge=97.0, runtime_left_s=1600.0)

    assert (0, Phase.WARNED) == (host.acts, host.phase)


@pytest.mark.parametrize(("word", "acts"), [("always", 1), ("alone", 0), ("never", 0)])
def test_whoever_knows_his_ups_says_how_far_its_low_word_counts(word: str, acts: int) -> None:
    """Upsmon's own rule is always."""
    host = Host(delay_s=0, low_word=word).hear("mains")
    host.keep_hearing(8, battery_low=True, state_of_charge=97.0)

    assert acts == host.acts


def test_a_low_word_on_mains_does_nothing() -> None:
    """nut#2190: OL LB."""
    host = Host(delay_s=0)
    host.keep_hearing(20, "mains", **SHIPPED, battery_low=True)

    assert 0 == host.acts


def test_a_figure_that_comes_and_goes_is_held_all_the_same() -> None:
    """A charge that every other poll cannot believe is low since it was first low."""
    host = Host(delay_s=0, hold_s=5).hear("mains", state_of_charge=20.0)
    for _ in range(4):
        host.go(1).hear(state_of_charge=9.0).go(1).hear()

    assert (1, Cause.CHARGE) == (host.acts, host.memory.cause)


def test_a_battery_of_which_nothing_is_heard_any_more_is_silence() -> None:
    """The mains line answers on, good, and every figure of the battery is left out."""
    host = Host(delay_s=0, dead_time_s=30).hear(state_of_charge=80.0)
    host.keep_hearing(29, bare=True)
    assert 0 == host.acts
    host.keep_hearing(2, bare=True)
    assert (1, Cause.SILENT) == (host.acts, host.memory.cause)


def test_a_supply_that_never_shows_its_battery_is_not_silent() -> None:
    """A relay on a GPIO line: it says battery or mains, and nothing else, ever."""
    host = Host(delay_s=0, dead_time_s=30)
    host.keep_hearing(100, **SHIPPED)

    assert (0, Phase.WARNED) == (host.acts, host.phase)


@pytest.mark.parametrize("power", ["mains", "battery", None])
def test_a_forced_shutdown_counts_at_once_and_whatever_feeds_the_ups(power: str | None) -> None:
    """upsmon(8): FSD, also on mains; its primary cuts the power soon, so there is no countdown."""
    host = Host(delay_s=30).hear("mains").go(1).hear(power, forced_shutdown=True).go(1)

    assert (1, Cause.FORCED_SHUTDOWN) == (host.acts, host.memory.cause)


def test_a_forced_shutdown_is_asked_for_once_in_a_dry_run_and_again_when_it_comes_again() -> None:
    """It lasts as long as upsd says so."""
    host = Host(dry_run=True, stale_after_s=15)
    for _ in range(2):
        host.keep_hearing(20, "mains", forced_shutdown=True)
        assert Phase.DONE is host.phase
        host.keep_hearing(2, "mains", forced_shutdown=False)
        assert Phase.WATCHING is host.phase
    assert 2 == host.acts


def test_silence_does_not_end_a_forced_shutdown() -> None:
    """The host that raised it goes down, and its upsd with it."""
    host = Host(stale_after_s=15)
    host.slow = {Phase.HOOKS}
    host.hear("mains", forced_shutdown=True).go(60)

    assert Phase.HOOKS is host.phase


def test_a_forced_shutdown_that_is_still_there_after_the_boot_waits_for_the_grace() -> None:
    """nut#3574: FSD stays until upsd starts anew, and would send a client down over and over."""
    host = Host(uptime_s=20, boot_grace_s=300)
    host.keep_hearing(100, "mains", forced_shutdown=True)
    assert 0 == host.acts


def test_a_forced_shutdown_can_be_left_to_upsmon() -> None:
    """forced_shutdown: false."""
    host = Host(delay_s=0, forced_shutdown=False)
    host.keep_hearing(20, "mains", forced_shutdown=True)
    assert 0 == host.acts


def test_a_simulated_outage_is_dry_to_its_end_and_leaves_nothing_to_the_real_world() -> None:
    """The reader finds its hardware in the middle of it: the countdown goes on dry, and nothing of it is believed."""
    host = Host(delay_s=30, stale_after_s=15).hear(battery="critical", simulated=True)
    assert (Phase.COUNTING_DOWN, True) == (host.phase, host.moment().simulated)
    host.keep_hearing(14, battery="critical")
    assert host.moment().simulated
    host.keep_hearing(40, "mains")
    assert (Phase.WATCHING, False, 0) == (host.phase, host.moment().simulated, host.acts)


def test_a_real_countdown_stays_real_when_simulated_readings_come() -> None:
    """Only hardware that says so ends it."""
    host = Host(delay_s=30).hear(battery="critical").go(1).hear(battery="critical", simulated=True)
    assert not host.moment().simulated
