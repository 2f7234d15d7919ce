"""The controller between the wires and its law: what it believes, demands, keeps and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from services.climate_controller.core.coordinator import TICKS
from shared.actuation import Demand
from shared.delivery.handler import RefusedError
from shared.messages import DeviceState, Quality
from tests.support.climate_scene import ClimateScene

TICK_S = 10


@pytest.fixture
def scene() -> Iterator[ClimateScene]:
    """A tent that is too humid, under control: its heater is wanted on."""
    with ExitStack() as stack:
        found = ClimateScene(stack, "VPD_Target")
        found.percent = 78.0
        found.go(60)
        assert wants_heat(found)
        yield found


def demands(scene: ClimateScene) -> list[Demand]:
    """What the controller has demanded."""
    return scene.outlets["controller"].demands


def shown(scene: ClimateScene) -> Any:
    """What the question `climate` is answered of the tent."""
    return scene.controller.answer("climate", {})["zones"]["tent"]


def reason(scene: ClimateScene, actuator: str) -> str:
    """Why an actuator is where it is, in words."""
    return str(shown(scene)["actuators"][actuator])


def wants_heat(scene: ClimateScene) -> bool:
    """Let up to twenty ticks pass until the law wants the heater on; returns whether it does."""
    for _ in range(20):
        if reason(scene, "heater").startswith("on"):
            return True
        scene.go(TICK_S)
    return False


def read(scene: ClimateScene, *, retained: bool = False, **fields: Any) -> None:
    """Let one state of the sensor be heard by the controller."""
    values = {"air_temperature": 25.0, "relative_humidity": 78.0}
    usual = {"device": "air", "time": scene.clock.wall(), "quality": Quality.GOOD, "values": values}
    scene.controller.follow(DeviceState.model_validate(usual | fields), retained=retained)


def test_a_demand_comes_at_each_tick_and_holds_for_three(scene: ClimateScene) -> None:
    """A controller that dies is not obeyed for longer."""
    before = len(demands(scene))
    scene.go(5 * TICK_S)
    fresh = demands(scene)[before:]
    assert 5 == len(fresh)
    assert {"heater": TICKS * TICK_S, "fan": TICKS * TICK_S} == {
        each.actuator: each.lease_s for each in fresh[-1].levels
    }


def test_the_same_level_is_the_same_command(scene: ClimateScene) -> None:
    """Only a change is a new one."""
    scene.go(2 * TICK_S)
    commands = [{each.actuator: each.command for each in demand.levels} for demand in demands(scene)[-2:]]
    assert commands[0] == commands[1]


def test_observe_decides_and_demands_nothing(scene: ClimateScene) -> None:
    """It still says what it would do, and why."""
    scene.order("controller", "mode", zone="tent", mode="Observe")
    before = len(demands(scene))
    assert wants_heat(scene)
    assert before == len(demands(scene))


def test_a_paused_zone_wants_everything_off_and_says_until_when(scene: ClimateScene) -> None:
    """The pause ends by itself, also in a new process."""
    scene.order("controller", "pause", zone="tent", for_s=300)
    scene.go(TICK_S)
    assert {0.0} == {each.level for each in demands(scene)[-1].levels}
    until = shown(scene)["paused_until"]
    scene.start_controller()
    scene.go(TICK_S)
    assert until == shown(scene)["paused_until"]
    scene.go(300)
    assert shown(scene)["paused_until"] is None
    assert 1 == scene.types.count("control.automation.resumed")


def test_mode_target_and_levels_outlive_the_process(scene: ClimateScene) -> None:
    """They are in the ledger before anything follows from them."""
    scene.order("controller", "target", zone="tent", vpd=1.15)
    scene.order("controller", "mode", zone="tent", mode="Manual")
    scene.order("controller", "levels", zone="tent", levels={"fan": 0.3})
    scene.start_controller()
    assert "Manual" == scene.controller.figures()["tent.mode"]
    scene.go(60)
    assert {"heater": 0.0, "fan": 0.3} == {each.actuator: each.level for each in demands(scene)[-1].levels}
    scene.order("controller", "mode", zone="tent", mode="VPD_Target")
    scene.go(TICK_S)
    assert (1.15, 1.15) == (shown(scene)["target"], scene.controller.figures()["tent.target"])


def test_after_a_start_it_waits_for_fresh_readings(scene: ClimateScene) -> None:
    """What the broker kept is no evidence, and one reading is not enough."""
    scene.celsius = None
    scene.start_controller()
    for _ in range(5):
        read(scene, retained=True)
        scene.go(TICK_S)
    assert shown(scene)["vpd"] is None
    scene.celsius, scene.percent = 25.0, 60.0
    found = []
    for _ in range(4):
        scene.go(TICK_S)
        found += [each.reason for each in demands(scene)[-1].levels if each.actuator == "heater"]
    assert ("in_band", True) == (found[-1], "warming_up" in found)
    assert "in_band" not in found[:2]


@pytest.mark.parametrize("fields", [
    {"quality": Quality.BAD},
    {"quality": Quality.STALE},
    {"values": {"air_temperature": 25.0}},
    {"values": {"air_temperature": True, "relative_humidity": 60.0}},
    {"values": {"air_temperature": "warm", "relative_humidity": 60.0}},
    {"values": {"air_temperature": 25.0, "relative_humidity": 101.0}},
    {"device": "cellar"},
])  # fmt: skip
def test_what_cannot_be_believed_is_no_reading(scene: ClimateScene, fields: dict[str, Any]) -> None:
    """A zone that hears nothing else wants everything off."""
    scene.celsius = None
    for _ in range(20):
        read(scene, **fields)
        scene.go(TICK_S)
    assert shown(scene)["vpd"] is None
    assert {0.0} == {each.level for each in demands(scene)[-1].levels}


def test_an_old_reading_is_as_old_as_it_says(scene: ClimateScene) -> None:
    """However lately it was heard; that of a simulation is of when it was heard, for its time may be any."""
    scene.celsius = None
    long_ago = scene.clock.wall() - timedelta(hours=2)
    for _ in range(20):
        read(scene, time=long_ago)
        scene.go(TICK_S)
    assert shown(scene)["vpd"] is None
    for _ in range(5):
        read(scene, time=long_ago, simulated=True)
        scene.go(TICK_S)
    assert shown(scene)["vpd"] is not None


@pytest.mark.parametrize(("name", "data", "complaint"), [
    ("mode", {"zone": "attic", "mode": "Manual"}, "no zone is called 'attic'; there are tent"),
    ("mode", {"zone": "tent", "mode": "Drying"}, "tent has no plan for the mode Drying"),
    ("mode", {"zone": "tent", "mode": "VPD_Perfection"}, "tent has no plan for the mode VPD_Perfection"),
    ("target", {"zone": "tent", "vpd": 4.5}, "a VPD of 4.5 kPa cannot be reached within the limits of tent"),
    ("levels", {"zone": "tent", "levels": {"pump": 1.0}}, "tent has no actuator 'pump'"),
    ("switch", {"zone": "tent"}, "no command is called 'switch'; there are mode, target, pause, resume and levels"),
])  # fmt: skip
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    scene: ClimateScene, name: str, data: dict[str, Any], complaint: str
) -> None:
    """In a sentence that says what there is."""
    before, offered = shown(scene), len(scene.offered)
    with pytest.raises(RefusedError, match=complaint):
        scene.order("controller", name, **data)
    assert (before, offered) == (shown(scene), len(scene.offered))


def test_there_is_one_question(scene: ClimateScene) -> None:
    """Another is refused by name."""
    with pytest.raises(RefusedError, match="no question is called 'weather'; there is climate"):
        scene.controller.answer("weather", {})


def test_it_waits_until_the_next_tick(scene: ClimateScene) -> None:
    """And a command makes its zone due at once."""
    scene.go(TICK_S)
    assert 0 < scene.controller.wait_s() <= TICK_S
    scene.order("controller", "target", zone="tent", vpd=1.1)
    assert 0 == scene.controller.wait_s()
