"""The plan says what the core would do, in which order and when, and what keeps the host up."""

from __future__ import annotations

from typing import Any

from services.host_agent.core import inputs
from services.host_agent.core.phases import Phase
from services.host_agent.core.plan import PlannedActions, plan
from shared.messages import Quality
from tests.support.simulated_host import Host
from upskeep.text.plan_text import lines

ACTS = PlannedActions(
    warn=("wall power",),
    hooks=(("stop-database", 20.0),),
    secondaries=("nas", "web"),
    cut_power="ups in 90 s",
    action="systemctl poweroff",
)


def planned(host: Host) -> Any:
    return plan(host.moment(), ACTS)


def when(host: Host) -> list[tuple[str, float | None, float | None]]:
    return [(step["what"].split()[0], step["earliest_s"], step["latest_s"]) for step in planned(host)["steps"]]


def test_on_mains_every_step_waits_for_a_policy() -> None:
    """And the order is the one it would go in."""
    host = Host().hear("mains")
    assert [(name, None, None) for name in ("warn;", "hook:", "send", "ask", "systemctl")] == when(host)
    assert ["ups: last known on mains"] == planned(host)["obstacles"]


def test_on_battery_the_earliest_danger_gives_the_times() -> None:
    """Here silence, if nothing more were heard."""
    host = Host(dead_time_s=30, delay_s=10, host_sync_s=15, cut_timeout_s=5).hear().go(4)
    assert [
        ("warn;", 26.0, 26.0),
        ("hook:", 36.0, 36.0),
        ("send", 36.0, 56.0),
        ("ask", 36.0, 71.0),
        ("systemctl", 36.0, 76.0),
    ] == when(host)
    assert ["not yet: silent_on_battery in 26 s"] == planned(host)["obstacles"]


def test_during_the_countdown_what_is_left_counts() -> None:
    """The warning is over; nothing stands in the way."""
    host = Host(delay_s=10).hear(battery="critical").go(4)
    assert [("hook:", 6.0, 6.0)] == when(host)[:1]
    assert [] == planned(host)["obstacles"]


def test_a_countdown_that_is_held_stands_still() -> None:
    """With the reason."""
    host = Host(delay_s=10).hear(battery="critical").go(4).hear("mains").go(3)
    assert ("hook:", 6.0, 6.0) == when(host)[0]
    assert (
        "mains are seen: the countdown waits, and is cancelled when they stand for 10 s" in planned(host)["obstacles"]
    )


def test_past_the_point_of_no_return_only_the_rest_is_planned() -> None:
    """And nothing keeps the host up."""
    host = Host(delay_s=0)
    host.slow = {Phase.SECONDARIES}
    host.hear(battery="critical")
    assert ["send", "ask", "systemctl"] == [name for name, _, __ in when(host)]
    assert ["nothing: it is past the point of no return"] == planned(host)["obstacles"]


def test_every_obstacle_is_a_sentence() -> None:
    """All at once: dry run, called off, boot grace, silence and its reason."""
    host = Host(uptime_s=100, dry_run=True, dead_time_s=60)
    host.hear().keep_hearing(20, quality=Quality.BAD)
    host.change(inputs.called_off(host.memory, "ann: saving", host.now_s + 50))
    assert [
        "dry_run is on: everything is only said, nothing is done",
        "called off by ann: saving for another 50 s",
        "the machine started 120 s ago; for 300 s most policies wait",
        "ups: silent for 20 s: its readings are bad",
        "not yet: silent_on_battery in 180 s",
    ] == planned(host)["obstacles"]
    host.go(1).hear(simulated=True)
    assert planned(host)["obstacles"][0].startswith("its readings are simulated or recorded: ")


def test_a_plan_as_text() -> None:
    """Whole, as it is printed."""
    host = Host(delay_s=30, dry_run=True).hear(battery="low", state_of_charge=33.3333, runtime_left_s=1200.4).go(2)
    last = {"time": "2026-11-22T12:00:00+00:00", "why": "ups: the battery is critical"}
    text = lines({"host": "host", "role": "primary", "last_shutdown": last, **planned(host)})
    assert [
        "host (primary, dry run): warned for 2 s",
        "",
        "supplies",
        "  ups        on battery for 2 s, battery low, charge 33.3 %, 1200 s left, heard 2 s ago",
        "policies",
        "  ups        UNDERVOLTAGE_DETECTED is active                      does not hold",
        "  ups        battery critical                                     does not hold",
        "  ups        charge 10 % or less                                  does not hold",
        "  ups        180 s of runtime left or less                        does not hold",
        "  ups        LB, where neither charge nor runtime is known        does not hold",
        "  ups        FSD, the UPS is to cut the power                     does not hold",
        "  ups        silent for 30 s while last known on battery          in 28 s, if nothing changes",
        "what would happen",
        "  in 28 s                  warn; wall power",
        "  in 58 s                  hook: stop-database",
        "  in 58 to 78 s            send nas, web down, and wait",
        "  in 58 to 93 s            ask ups in 90 s to cut the power afterwards",
        "  in 58 to 98 s            systemctl poweroff",
        "what keeps the host up",
        "  dry_run is on: everything is only said, nothing is done",
        "  not yet: silent_on_battery in 28 s",
        "last shutdown: 2026-11-22T12:00:00+00:00, ups: the battery is critical",
    ] == text


def test_a_supply_never_heard_and_a_silent_one_as_text() -> None:
    """With what is wrong."""
    host = Host(devices=("a", "b"), dead_time_s=60).hear(device="a").go(20).hear("mains", device="b", retained=True)
    text = lines({"host": "host", "role": "primary", "last_shutdown": None, **planned(host)})
    assert [
        "  a          on battery for 20 s, battery ok, heard 20 s ago, which is too long",
        "  b          never heard (only a retained state; no live one since)",
    ] == text[3:5]
    assert (
        "  b: never heard since the machine started: only a retained state; no live one since; "
        "what is not known shuts nothing down"
    ) in text
