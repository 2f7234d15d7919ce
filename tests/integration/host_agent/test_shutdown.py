"""The shutdown scenarios, each to its end, with real processes: see docs/host-agent.md for what is promised."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shared.client.client import Client
from shared.messages import Quality
from shared.requests import Command
from shared.suite import SuiteSettings
from tests.conftest import Require
from tests.support.agent_tree import Agent, Ups, python
from tests.support.brokers import EMBEDDED, Broker
from tests.support.waiting import until

pytestmark = pytest.mark.mosquitto
Make = Callable[..., Agent]


def plan(broker: Broker, service: str = "host_agent") -> Any:
    with Client(SuiteSettings(broker=broker.settings)) as client:
        return client.ask(service, "plan", timeout_s=90)


def test_a_critical_battery_ends_in_the_power_command_and_the_reason_is_on_the_disk(agent: Make, ups: Ups) -> None:
    """Warned, counted down, acted: once."""
    host = agent()
    ups.says("battery", "critical")
    host.goes_off()
    host.logs("acting → done")

    assert 1 == len(host.offs)
    last = host.kept("last_shutdown.json")
    assert ("battery_level", "ups: the battery is critical") == (last["cause"], last["why"])
    until(lambda: ups.events() == ["SHUTDOWN_REQUESTED"], "the event is offered")


def test_flapping_mains_hold_the_countdown_and_mains_that_stay_end_it(agent: Make, ups: Ups) -> None:
    """Nothing is run, and one shutdown was requested and cancelled, not one a flap."""
    host = agent(delay_s=60.0)
    for count in range(1, 4):
        ups.says("battery", "critical")
        until(lambda n=count: host.log.count("→ counting_down") == n, "the countdown goes on")
        ups.says("mains", "critical")
        until(lambda n=count: host.log.count("counting_down → held") == n, "the countdown is held")
    host.logs("held → watching (mains_back)")

    until(lambda: ups.events() == ["SHUTDOWN_REQUESTED", "SHUTDOWN_CANCELLED"], "one of each")
    assert [] == host.offs


def test_a_stale_gauge_while_on_battery_ends_in_the_power_command(agent: Make, ups: Ups) -> None:
    """Its frames go on and hold nothing."""
    host = agent()
    ups.says("battery")
    host.logs("watching → warned")
    ups.says("battery", quality=Quality.BAD)
    host.goes_off()
    assert "silent_on_battery" == host.kept("last_shutdown.json")["cause"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_broker_that_dies_or_hangs_on_battery_ends_in_the_power_command(
    agent: Make, ups: Ups, broker: Broker, how: signal.Signals
) -> None:
    """The agent needs nobody for it, and a connection that stands proves nothing."""
    host = agent()
    ups.says("battery")
    host.logs("watching → warned")
    assert broker.process is not None
    broker.process.send_signal(how)
    host.goes_off()
    assert "silent_on_battery" == host.kept("last_shutdown.json")["cause"]


def test_a_broker_that_dies_on_mains_shuts_nothing_down(agent: Make, ups: Ups, broker: Broker) -> None:
    """And when it is back, the agent says how long it has heard nothing."""
    host = agent(dead_time_s=3.0, delay_s=0.0)
    ups.says("mains")
    until(lambda: plan(broker)["supplies"][0]["power"] == "mains", "mains are seen")
    ups.says(None)
    broker.kill()
    broker.start()
    until(lambda: host.log.count(" connected to ") == 2, "it is connected again")
    until(lambda: plan(broker)["supplies"][0]["heard_s_ago"] > 6, "twice the dead time passes")

    assert [] == host.offs
    found = plan(broker)
    assert ("watching", False) == (found["phase"], found["supplies"][0]["fresh"])
    assert any(text.startswith("ups: last known on mains, silent for") for text in found["obstacles"])


def test_mains_back_during_the_delay_cancel_and_undo_what_warned(agent: Make, ups: Ups, tmp_path: Any) -> None:
    """Both programs run, the power command does not."""
    notes = tmp_path / "notes"
    note = f"import os; open({str(notes)!r}, 'a').write("
    host = agent(
        delay_s=20.0,
        warn=[{"run": python(note + "os.environ['UPSKEEP_CAUSE'] + ' ')")}],
        cancelled=[{"run": python(note + "'cancelled')")}],
    )
    ups.says("battery", "critical")
    host.logs("→ counting_down")
    ups.says("mains", "ok")
    until(lambda: notes.exists() and notes.read_text() == "battery_level cancelled", "both notes")
    assert [] == host.offs


def test_after_a_reboot_a_low_battery_waits_for_the_grace_and_the_reason_is_shown(agent: Make, ups: Ups) -> None:
    """No loop: what was known in the boot before is forgotten, and most policies wait."""
    host = agent()
    ups.says("battery", "critical")
    host.goes_off()
    ups.says(None)
    host.end()
    for name in ("memory.json", "last_shutdown.json"):  # the machine has started anew
        path = host.data / name
        path.write_text(path.read_text().replace(host.kept(name)["boot"], "the-boot-before"))
    host.note.unlink()

    host.settings["boot_grace_s"] = grace_s = time.monotonic() + 8
    host.start()
    until(lambda: "SHUTDOWN_COMPLETED" in ups.events(), "why it went down is told")
    ups.says("battery", "critical")
    host.goes_off()
    assert grace_s <= time.monotonic()
    assert 1 == ups.events().count("SHUTDOWN_COMPLETED")


def test_a_state_the_broker_kept_from_before_shuts_nothing_down(agent: Make, ups: Ups, broker: Broker) -> None:
    """It may be of yesterday."""
    ups.says("battery", "critical")
    until(lambda: ups.of("state/ups"), "the state is kept")
    ups.says(None)
    host = agent(dead_time_s=3.0, delay_s=0.0)
    found = until(lambda: (p := plan(broker))["supplies"][0]["doubt"] and p, "the kept state arrives")
    assert "only a retained state; no live one since" == found["supplies"][0]["doubt"]
    assert (None, [], "watching") == (found["supplies"][0]["heard_s_ago"], host.offs, found["phase"])


def test_secondaries_go_down_first(agent: Make, ups: Ups) -> None:
    """The primary waits for them, and no longer than it must."""
    host = agent(secondaries=["nas", "web"], host_sync_s=50.0)
    nas, web = (agent(name, role="secondary", goes_down=True, dead_time_s=600.0, policies={"battery": "never"})
                for name in ("nas", "web"))  # fmt: skip
    until(lambda: {"host_agent-nas", "host_agent-web"} <= _online(ups), "both are there")
    ups.says("battery", "critical")
    host.goes_off()

    assert max(nas.offs + web.offs) < host.offs[0]
    assert ["primary", "primary"] == [each.kept("last_shutdown.json")["cause"] for each in (nas, web)]
    assert "nas is down" in host.log


def test_a_secondary_that_hangs_keeps_the_primary_no_longer_than_host_sync(agent: Make, ups: Ups) -> None:
    """It is stopped in its tracks; the primary goes down in the end."""
    host = agent(secondaries=["nas"], host_sync_s=5.0)
    nas = agent("nas", role="secondary", policies={"battery": "never"}, dead_time_s=600.0)
    until(lambda: "host_agent-nas" in _online(ups), "it is there")
    nas.send(signal.SIGSTOP)
    ups.says("battery", "critical")
    host.logs("waiting for nas")
    began = time.monotonic()
    host.goes_off()
    assert 4 < time.monotonic() - began
    assert [] == nas.offs


def test_without_a_broker_a_secondary_goes_down_by_itself_and_before_the_primary(
    agent: Make, ups: Ups, broker: Broker
) -> None:
    """Its dead time is the shorter one."""
    host = agent(secondaries=["nas"], dead_time_s=6.0, host_sync_s=6.0)
    nas = agent("nas", role="secondary", dead_time_s=3.0, delay_s=1.0)
    ups.says("battery")
    host.logs("watching → warned")
    nas.logs("watching → warned")
    broker.kill()
    nas.goes_off()
    host.goes_off()
    assert nas.offs[0] < host.offs[0]


def test_a_hook_that_hangs_is_ended_with_all_it_started_and_the_host_goes_down(
    agent: Make, ups: Ups, tmp_path: Any
) -> None:
    """Its child, too; the next hook runs all the same."""
    pid, note = tmp_path / "pid", tmp_path / "second"
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    hang = (
        f"import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', {deaf!r}]); "
        f"open({str(pid)!r}, 'w').write(str(p.pid)); print('hanging', flush=True); time.sleep(600)"
    )
    host = agent(
        delay_s=0.5,
        hooks=[{"run": python(hang), "timeout_s": 2}, {"run": python(f"open({str(note)!r}, 'w').write('x')")}],
    )
    ups.says("battery", "critical")
    host.goes_off()
    assert note.exists()
    assert "hanging" in host.log
    until(lambda: not _runs(int(pid.read_text())), "the hook's child is gone")


def test_an_agent_that_is_killed_goes_on_where_it_was(agent: Make, ups: Ups) -> None:
    """The countdown is not begun anew, and the readings may have ended meanwhile."""
    host = agent(delay_s=6.0)
    ups.says("battery", "critical")
    host.logs("→ counting_down")
    until(lambda: host.kept("memory.json")["phase"] == "counting_down", "it is kept")
    host.end(signal.SIGKILL)
    ups.says(None)
    host.start()
    host.goes_off()
    assert 1 == host.log.count("→ counting_down")


def test_a_disk_that_takes_nothing_keeps_no_host_up(agent: Make, ups: Ups) -> None:
    """The reason is in the log, at least."""
    host = agent(delay_s=1.0)
    for name in ("memory.new", "last_shutdown.new"):
        until(partial(_takes_its_place, host.data / name), f"a folder is in the place of {name}")
    ups.says("battery", "critical")
    host.goes_off()
    assert "memory.json cannot be written" in host.log


@pytest.fixture
def small_disk(tmp_path: Path, require: Require) -> Iterator[Path]:
    """Where the agent called host keeps its data: a file system of its own, of 4 MB."""
    require.root()
    folder = tmp_path / "host" / "data"
    folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False)
    require.that(mounted.returncode == 0, "may not mount a file system here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_full_disk_keeps_no_host_up(agent: Make, ups: Ups, small_disk: Path, restarted: bool) -> None:
    """Neither an agent that runs when it fills up, nor one that starts on it."""
    host = agent(delay_s=1.0)
    if restarted:
        host.end(signal.SIGKILL)
    with (small_disk / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    if restarted:
        host.start()
    ups.says("battery", "critical")
    host.goes_off()
    assert host.alive


def test_a_power_command_that_fails_is_tried_again(agent: Make, ups: Ups, tmp_path: Any) -> None:
    """Until it works."""
    tries = tmp_path / "tries"
    code = f"import sys; f = open({str(tries)!r}, 'a+'); f.write('x'); f.seek(0); sys.exit(len(f.read()) < 3)"
    host = agent(delay_s=0.5, action={"run": python(code), "timeout_s": 20})
    ups.says("battery", "critical")
    host.logs("acting → done")
    assert "xxx" == tries.read_text()


def test_a_dry_run_goes_through_everything_and_runs_nothing(
    agent: Make, ups: Ups, broker: Broker, tmp_path: Any
) -> None:
    """And says so: in the log, in its status, in the plan."""
    hook = tmp_path / "hook"
    host = agent(dry_run=True, hooks=[{"run": python(f"open({str(hook)!r}, 'w')")}])
    ups.says("battery", "critical")
    host.logs("dry run: acting → done")

    assert ([], False) == (host.offs, hook.exists())
    until(lambda: [s for s in ups.of("status/host_agent") if s.get("figures", {}).get("phase") == "done"], "status")
    assert "dry_run is on: everything is only said, nothing is done" in plan(broker)["obstacles"]


def test_simulated_readings_shut_nothing_down(agent: Make, ups: Ups) -> None:
    """The reader falls back to its simulator where no chip answers; that must never reach the power command."""
    host = agent(delay_s=0.5)
    ups.says("battery", "critical", simulated=True)
    host.logs("dry run: acting → done")
    assert [] == host.offs


def test_a_status_that_calls_the_source_simulated_keeps_nobody_up(agent: Make, ups: Ups) -> None:
    """Whoever publishes it: what decides over a shutdown is read from the states alone."""
    ups.publish("status/sensor_reader", {"service": "sensor_reader", "state": "online", "figures": {"source": "sim:x"}})
    until(lambda: ups.of("status/sensor_reader"), "the reader is known")
    host = agent(delay_s=0.5)
    ups.says("battery", "critical")
    host.goes_off()


def test_an_agent_that_was_stopped_reads_what_came_before_it_acts(agent: Make, ups: Ups) -> None:
    """SIGSTOP for longer than the dead time, on battery; mains are back when it runs again."""
    host = agent(delay_s=0.5, dead_time_s=6.0, stale_after_s=3.0, mains_back_s=1.0)
    ups.says("battery")
    host.logs("watching → warned")
    host.send(signal.SIGSTOP)
    time.sleep(8)
    ups.says("mains")
    host.send(signal.SIGCONT)
    host.logs("warned → watching")

    assert "did not run for" in host.log
    assert [] == host.offs


def test_the_embedded_broker_carries_a_shutdown_too(start_broker: Callable[..., Broker], tmp_path: Path) -> None:
    """``upskeep run`` brings it along: state in, the command run, also when the broker died in between."""
    broker = start_broker(EMBEDDED)
    with Ups(SuiteSettings(broker=broker.settings)) as ups:
        host = Agent(tmp_path, broker, delay_s=0.5).start()
        try:
            ups.says("battery")
            host.logs("watching → warned")
            broker.kill()
            broker.start()
            ups.says("battery", "critical")
            host.goes_off()
        finally:
            host.end()


def test_a_person_shuts_down_and_calls_off(agent: Make, ups: Ups, broker: Broker) -> None:
    """Each command is answered, and a shutdown without a reason is refused."""
    host = agent(delay_s=30.0)
    ups.says("mains")

    def command(name: str, **data: Any) -> Any:
        with Client(SuiteSettings(broker=broker.settings)) as client:
            order = Command(id=f"{name}/{len(data)}", target="host", name=name, by="ann", data=data)
            return client.command(order, timeout_s=90)

    assert ("refused", "reason: Field required") == ((r := command("shutdown")).status, r.reason)
    assert "done" == command("shutdown", reason="moving house").status
    host.logs("watching → counting_down (policy_due): ann: moving house")
    assert "done" == command("cancel", reason="not today").status
    host.logs("counting_down → watching (called_off)")
    assert "done" == command("shutdown", reason="now", delay_s=0).status
    host.goes_off()


def test_the_board_is_asked_to_cut_the_power_and_not_waited_for_for_ever(agent: Make, ups: Ups) -> None:
    """The command names the device and the time; nobody answers here."""
    host = agent(delay_s=0.5, cut_power={"enabled": True, "device": "ups", "after_s": 90, "timeout_s": 2})
    ups.says("battery", "critical")
    host.goes_off()
    (order,) = ups.of("command/sensor_reader/cut_power")
    assert {"device": "ups", "after_s": 90} == order["data"]


def _online(ups: Ups) -> set[str]:
    said = [content for topic, content in list(ups.heard) if topic.startswith("status/host_agent")]
    return {content["service"] for content in said if content["state"] == "online"}


def _takes_its_place(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:  # the agent is writing just now
        return False
    return True


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123 - gone while it is read
            return file.read().split()[2] != "Z"
    except OSError:
        return False
