"""The agent between delivery and core: what it makes of commands, results, statuses, and of what it was before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.host_agent.adapters.durable_file import DurableFile
from services.host_agent.core.inputs import alert_heard
from services.host_agent.core.limits import FIRING, FIRINGS_DONE
from services.host_agent.core.memory import Memory
from services.host_agent.service import HostAgent
from services.host_agent.settings import HostAgentSettings
from shared.clock import Clock
from shared.delivery.handler import InMemoryPublisher, RefusedError
from shared.messages import Alert, AlertState, Candidate, DeviceState, Quality, Severity, Status
from shared.requests import Command, Result
from tests.support.simulated_host import LATE_S, NOON
from tests.support.waiting import until


class Publisher(InMemoryPublisher):
    """Keeps what is offered, too."""

    def __init__(self) -> None:
        super().__init__()
        self.suggested: list[Candidate] = []

    def offer_event(self, candidate: Candidate) -> None:
        self.suggested.append(candidate)


ROOT = Path(__file__).parents[3]
MADE: list[Scene] = []


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    """No program outlives its test."""
    yield
    while MADE:
        MADE.pop().ended()


class Scene:
    """An agent with a clock that a test turns; its data lie in ``folder``."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder, self.now_s, self.connected = folder, LATE_S, True
        given = {"dry_run": False, "delay_s": 0, "action": {"run": ["true"]}} | settings
        self.settings = HostAgentSettings.model_validate(given)
        self.outlet = Publisher()
        self.agent = self.begin()
        MADE.append(self)

    def begin(self, boot: str = "boot-1") -> HostAgent:
        wall = lambda: NOON + timedelta(seconds=self.now_s)  # noqa: E731
        memory, last = DurableFile(self.folder / "memory.json"), DurableFile(self.folder / "last_shutdown.json")
        clock = Clock(wall, lambda: self.now_s)
        return HostAgent(self.settings, self.outlet, clock, boot, memory, last, lambda: self.connected)

    def hear(self, power: str = "battery", battery: str = "critical", *, simulated: bool = False) -> Scene:
        time = NOON + timedelta(seconds=self.now_s)
        state = DeviceState(
            device="ups", time=time, quality=Quality.GOOD, power=power, battery=battery, simulated=simulated
        )
        self.agent.follow(state, retained=False)
        return self.go()

    def go(self, seconds: float = 0.0) -> Scene:
        """Let time pass, and give the agent its turns."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s = min(end_s, self.now_s + 1)
            self.agent.work()
        for _ in range(4):
            self.agent.work()
        return self

    def stand_still(self, seconds: float) -> Scene:
        """The process does not run for so long, as after SIGSTOP; then it has its turns again."""
        self.now_s += seconds
        return self.go()

    def ended(self) -> Scene:
        """Wait for the power command, and end the other programs."""
        until(lambda: self.go().phase != "acting", "the command ends")
        self.agent.close()
        return self

    def execute(self, name: str, by: str | None = "ann", **data: Any) -> dict[str, Any]:
        return dict(self.agent.execute(Command(id="1", target="host", name=name, by=by, data=data)))

    def status(self, service: str, state: str, **figures: Any) -> None:
        self.agent.follow(Status(service=service, state=state, figures=figures), retained=False)

    @property
    def phase(self) -> object:
        return self.agent.figures()["phase"]

    @property
    def orders(self) -> list[tuple[str, str]]:
        return [(m.target, m.name) for m in self.outlet.emitted if isinstance(m, Command)]


@pytest.fixture
def primary(tmp_path: Path) -> Scene:
    """With two secondaries, which are there."""
    scene = Scene(tmp_path, secondaries=["nas", "web"], final_delay_s=5, host_sync_s=60)
    for name in ("nas", "web"):
        scene.status(f"host_agent-{name}", "online")
    return scene.hear()


def result(scene: Scene, target: str, status: str = "done", **data: Any) -> Result:
    (order,) = (m for m in scene.outlet.emitted if isinstance(m, Command) and m.target == target)
    return Result(id=order.id, target=target, name=order.name, status=status, time=NOON, data=data)


def test_the_primary_sends_its_secondaries_down_for_good(primary: Scene) -> None:
    """Each by its own target; the order names who gives it and does not live for ever."""
    assert [("host-nas", "shutdown"), ("host-web", "shutdown")] == primary.orders
    order = primary.outlet.emitted[0]
    assert isinstance(order, Command)
    assert (True, "host_agent") == (order.data["final"], order.by)
    assert NOON + timedelta(seconds=LATE_S + 300) == order.expires


def test_one_that_stops_one_that_says_no_and_one_in_a_dry_run_are_not_waited_for(primary: Scene) -> None:
    """But for the final delay."""
    primary.status("host_agent-nas", "stopped")
    assert "secondaries" == primary.go(10).phase
    primary.agent.follow(result(primary, "host-web", "refused"), retained=False)
    assert "secondaries" == primary.go(4).phase
    assert "secondaries" != primary.go(1).phase


def test_a_result_that_says_dry_run_is_as_good_as_no(primary: Scene) -> None:
    """A secondary that only says it would go is still there afterwards."""
    for target in ("host-nas", "host-web"):
        primary.agent.follow(result(primary, target, dry_run=True), retained=False)
    assert "secondaries" != primary.go(5).phase


def test_a_result_of_done_is_waited_on(primary: Scene) -> None:
    """It has begun to go, and is not gone."""
    for target in ("host-nas", "host-web"):
        primary.agent.follow(result(primary, target), retained=False)
    assert "secondaries" == primary.go(59).phase
    assert "secondaries" != primary.go(1).phase


def test_without_a_broker_every_secondary_may_be_there(tmp_path: Path) -> None:
    """One never heard of is waited for, as long as host_sync_s."""
    scene = Scene(tmp_path, secondaries=["nas"], host_sync_s=60)
    scene.connected = False
    assert "secondaries" == scene.hear().go(59).phase
    assert "secondaries" != scene.go(1).phase


def test_with_a_broker_one_never_heard_of_is_not_there(tmp_path: Path) -> None:
    """Its status would have been kept."""
    assert "secondaries" != Scene(tmp_path, secondaries=["nas"]).hear().phase


def test_only_a_secondary_is_sent_down_for_good(tmp_path: Path) -> None:
    """And a cancel comes too late for it."""
    with pytest.raises(RefusedError, match="this one is a primary"):
        Scene(tmp_path / "a").execute("shutdown", reason="x", final=True)
    scene = Scene(tmp_path / "b", name="nas", role="secondary", hooks=[{"run": ["sleep", "60"]}])
    assert {"phase": "watching", "dry_run": False} == scene.execute("shutdown", by="host_agent", reason="x", final=True)
    scene.go()
    with pytest.raises(RefusedError, match="too late"):
        scene.execute("cancel", reason="no")


def test_a_cancel_with_nothing_to_cancel_is_refused_and_so_is_what_has_no_name(tmp_path: Path) -> None:
    """A person should know that nothing was done."""
    scene = Scene(tmp_path)
    with pytest.raises(RefusedError, match="nothing is under way"):
        scene.execute("cancel", reason="just in case")
    with pytest.raises(RefusedError, match="no command is called 'reboot'; there are shutdown and cancel"):
        scene.execute("reboot")
    with pytest.raises(RefusedError, match="no question is called 'plans'; there is plan"):
        scene.agent.answer("plans", {})


def test_the_board_answers_and_the_host_goes_on_at_once(tmp_path: Path) -> None:
    """Whatever the answer is."""
    scene = Scene(tmp_path, cut_power={"enabled": True, "timeout_s": 60}).hear()
    assert ("cutting_power", [("sensor_reader", "cut_power")]) == (scene.phase, scene.orders)
    scene.agent.follow(result(scene, "sensor_reader", "refused"), retained=False)
    assert scene.go().phase in ("acting", "done")


def test_a_dry_run_orders_nobody_and_runs_nothing(tmp_path: Path) -> None:
    """It goes to its end in a moment."""
    scene = Scene(tmp_path, dry_run=True, secondaries=["nas"], cut_power={"enabled": True}, hooks=[{"run": ["x"]}])
    assert ("done", []) == (scene.hear().go().go().phase, scene.orders)
    assert not (tmp_path / "last_shutdown.json").exists()


@pytest.mark.parametrize(("reader", "target"), [("reader", "sensor_reader"), ("attic", "sensor_reader-attic")])
def test_the_power_cut_is_asked_of_the_reader_that_has_the_board(tmp_path: Path, reader: str, target: str) -> None:
    """A site may have several readers."""
    scene = Scene(tmp_path, cut_power={"enabled": True, "reader": reader})
    scene.hear().go().go()
    assert [(target, "cut_power")] == scene.orders


def test_a_simulator_makes_it_a_dry_run_and_hardware_unmakes_it(tmp_path: Path) -> None:
    """By what the states say of themselves; remembered, and hardware has to answer for a while first."""
    scene = Scene(tmp_path, stale_after_s=15).hear("mains", "ok", simulated=True)
    assert scene.begin().dry_run
    scene.go(1).hear("mains", "ok")
    assert scene.agent.dry_run
    scene.go(15).hear("mains", "ok")
    assert not scene.agent.dry_run


def test_a_process_that_did_not_run_takes_no_silence_for_an_outage(tmp_path: Path) -> None:
    """Stopped for ten minutes while on battery: what came meanwhile is read first."""
    scene = Scene(tmp_path, dead_time_s=30, delay_s=0).hear("battery", "ok")
    assert "warned" == scene.stand_still(600).phase
    assert "warned" == scene.go(29).phase
    assert "watching" == scene.hear("mains", "ok").go(11).hear("mains", "ok").phase


def test_a_countdown_goes_on_where_it_was_when_the_process_did_not_run(tmp_path: Path) -> None:
    """Ten seconds are left of thirty; and mains that came back meanwhile end it."""
    scene = Scene(tmp_path, delay_s=30).hear().go(20).stand_still(600)
    assert "counting_down" == scene.phase
    assert "counting_down" == scene.go(8).phase
    assert "held" == scene.hear("mains", "ok").phase


def test_no_status_decides_whether_a_shutdown_is_dry(tmp_path: Path) -> None:
    """Whoever may publish one: what is simulated is said by the states, which only event_processor may write."""
    scene = Scene(tmp_path, delay_s=30).hear()
    for source in ("sim:outage", "recording:x.csv"):
        scene.status("sensor_reader", "online", source=source)
    assert not scene.agent.dry_run
    simulated = Scene(tmp_path / "other", delay_s=30).hear(simulated=True)
    simulated.status("sensor_reader", "online", source="i2c")
    assert simulated.agent.dry_run


def test_an_agent_that_starts_in_the_middle_does_what_is_left(tmp_path: Path) -> None:
    """The secondaries are told again; by the same id, so it is the same order."""
    scene = Scene(tmp_path, secondaries=["nas"], host_sync_s=60)
    scene.status("host_agent-nas", "online")
    scene.hear()
    scene.agent = scene.begin()
    scene.go()
    ids = [m.id for m in scene.outlet.emitted if isinstance(m, Command)]
    assert (2, 1) == (len(ids), len(set(ids)))


def test_the_last_shutdown_is_reported_in_the_next_boot_and_once(tmp_path: Path) -> None:
    """Not in the same one: then it did not happen."""
    scene = Scene(tmp_path).hear().ended()
    told = lambda: [c.type for c in scene.outlet.suggested].count("SHUTDOWN_COMPLETED")  # noqa: E731
    for boot, expected in (("boot-1", 0), ("boot-2", 1), ("boot-2", 1), ("boot-3", 1)):
        scene.begin(boot)
        assert expected == told()
    last = scene.agent.answer("plan", {})["last_shutdown"]
    assert ("boot-1", "battery_level", "critical") == (last["boot"], last["cause"], last["supplies"][0]["battery"])


def test_every_event_it_offers_is_as_the_catalogue_has_it(tmp_path: Path) -> None:
    """No field too many, none of another kind."""
    scene = Scene(tmp_path, delay_s=30).hear()
    for _ in range(12):
        scene.go(1).hear("mains")
    scene.go(1).hear().go(30).ended()
    scene.begin("boot-2")

    catalogue = yaml.safe_load((ROOT / "config" / "events.yaml").read_text())["events"]
    told = [(each.type, set(each.data)) for each in scene.outlet.suggested]
    types = ("SHUTDOWN_REQUESTED", "SHUTDOWN_CANCELLED", "SHUTDOWN_REQUESTED", "SHUTDOWN_COMPLETED")
    assert [(name, set(catalogue[name]["data"])) for name in types] == told


def test_last_words_that_cannot_be_read_keep_nobody_from_starting(tmp_path: Path) -> None:
    """They are left as they are."""
    (tmp_path / "last_shutdown.json").write_text("{")
    assert "watching" == Scene(tmp_path).go().phase
    assert "{" == (tmp_path / "last_shutdown.json").read_text()


def test_an_alert_kept_by_the_broker_is_news_only_after_a_break(tmp_path: Path) -> None:
    """At the first connection it may be of any age; after a break it may have fired meanwhile."""
    scene = Scene(tmp_path, policies={"alerts": ["hot"]}, hooks=[{"run": ["sleep", "60"]}])

    def alert(minute: int) -> Alert:
        since = NOON + timedelta(minutes=minute)
        return Alert(
            rule="hot", key="rack", state=AlertState.FIRING, severity=Severity.CRITICAL, since=since, time=since,
            value=1, threshold=0, window_s=60, reason="over_limit", message="hot",
        )  # fmt: skip

    scene.agent.follow(alert(0), retained=True)
    assert "watching" == scene.go().phase
    scene.connected = False
    scene.go()
    scene.connected = True
    scene.agent.follow(alert(1), retained=True)
    assert "hooks" == scene.go().phase


def firing(key: str, minute: int = 0, state: AlertState = AlertState.FIRING) -> Alert:
    since = NOON + timedelta(minutes=minute)
    return Alert(
        rule="hot", key=key, state=state, severity=Severity.CRITICAL, since=since, time=since, value=1, threshold=0,
        window_s=60, reason="over_limit", message="hot",
    )  # fmt: skip


def test_a_flood_of_alerts_and_services_fills_a_bounded_memory(tmp_path: Path) -> None:
    """The first alert shuts the host down; beyond the bound none is heard, which an event says once."""
    scene = Scene(tmp_path, policies={"alerts": ["hot"]}, boot_grace_s=0, secondaries=["nas"])
    for number in range(FIRING.most + 50):
        scene.agent.follow(firing(f"k{number}"), retained=False)
        scene.status(f"host_agent-{number}", "online")
    scene.go()

    assert FIRING.most == len(scene.agent._memory.alerts)
    assert {} == scene.agent._online
    assert ["SHUTDOWN_REQUESTED", "system.limit.reached"] == sorted(each.type for each in scene.outlet.suggested)
    scene.agent.follow(firing("k0", 1, AlertState.RESOLVED), retained=False)
    scene.agent.follow(firing("new", 2), retained=False)
    assert "hot/new" in scene.agent._memory.alerts


def test_firings_that_are_no_news_are_forgotten_when_they_are_many_and_over() -> None:
    """Never one that fires still: it would shut the host down again."""
    rules = HostAgentSettings.model_validate({"policies": {"alerts": ["hot"]}}).rules
    memory = Memory(boot="b")
    memory = alert_heard(rules, memory, firing("stays"), news=False)
    for number in range(FIRINGS_DONE + 20):
        memory = alert_heard(rules, memory, firing(f"k{number}"), news=False)
        memory = alert_heard(rules, memory, firing(f"k{number}", 1, AlertState.RESOLVED), news=False)

    assert FIRINGS_DONE == len(memory.alerts_done)
    assert {"hot/stays"} == memory.alerts.keys() & memory.alerts_done.keys()
    assert f"hot/k{FIRINGS_DONE + 19}" in memory.alerts_done
