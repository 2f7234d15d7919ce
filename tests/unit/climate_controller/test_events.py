"""Every event of climate control, in scenes of both services: ``tests/golden/climate/events/*.txt``, and counted once.

To look at a change: ``UPSKEEP_GOLDEN=write make test ARGS=tests/unit/climate_controller/test_events.py``, git diff.
A line is an event: seconds since the start, who offers it, device or zone, type, and what it says.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from services.counter_store.core.policy import StorePolicy
from shared.climate.simulated_actuator import Flaw
from shared.messages import ServiceOffer
from tests.support.climate_scene import START, ClimateScene
from tests.support.event_flow import events_of, planned, processor
from tests.support.store_bench import bench

GOLDEN = Path(__file__).parents[2] / "golden" / "climate" / "events"
SEEDS_NAMES = {
    "control.mode.changed", "control.target.updated", "control.automation.paused", "control.automation.resumed",
    "vpd.recalculation_required", "control.vpd.action_required", "device.action.requested", "device.action.executed",
    "device.action.success", "device.action.failed", "device.action.dampened", "device.state.changed", "device.error",
    "safety.violation", "system.emergency",
}  # fmt: skip


def orders_of_a_person(scene: ClimateScene) -> None:
    """A mode, levels, a pause that ends by itself, one that is ended, and a target."""
    scene.go(40)
    scene.order("controller", "mode", zone="tent", mode="Manual")
    scene.order("controller", "levels", zone="tent", levels={"heater": 1.0, "fan": 0.4})
    scene.go(40)
    scene.order("controller", "pause", zone="tent", for_s=60, reason="watering")
    scene.go(100)
    scene.order("controller", "pause", zone="tent", for_s=3600)
    scene.go(20)
    scene.order("controller", "resume", zone="tent")
    scene.order("controller", "levels", zone="tent", levels={"heater": 0.0, "fan": 0.0})
    scene.go(20)
    scene.order("controller", "mode", zone="tent", mode="VPD_Target")
    scene.go(20)
    scene.order("controller", "target", zone="tent", vpd=1.1)
    scene.go(20)


def control_of_the_vpd(scene: ClimateScene) -> None:
    """The air gets too damp, then too dry."""
    scene.order("controller", "mode", zone="tent", mode="VPD_Target")
    scene.go(60)
    scene.percent = 75.0
    scene.go(60)
    scene.percent = 62.0
    scene.go(120)


def heat(scene: ClimateScene) -> None:
    """Fifty degrees are an emergency, and it ends by a cool reading."""
    scene.order("controller", "mode", zone="tent", mode="Manual")
    scene.order("controller", "levels", zone="tent", levels={"heater": 1.0})
    scene.go(60)
    scene.celsius = 50.0
    scene.go(30)
    scene.celsius = 30.0
    scene.go(60)


def a_limit_of_the_supervisor(scene: ClimateScene) -> None:
    """A person wants heat, and it is too hot for that."""
    scene.order("controller", "mode", zone="tent", mode="Manual")
    scene.order("controller", "levels", zone="tent", levels={"heater": 1.0})
    scene.go(60)
    for _ in range(14):
        scene.celsius = (scene.celsius or 0.0) + 0.8
        scene.go(10)


def an_actuator_that_lies(scene: ClimateScene) -> None:
    """It acknowledges and does nothing; later it is repaired."""
    scene.order("controller", "mode", zone="tent", mode="Manual")
    scene.go(40)
    scene.break_actuator("heater", Flaw.LYING)
    scene.order("controller", "levels", zone="tent", levels={"heater": 1.0})
    scene.go(60)
    scene.break_actuator("heater", Flaw.NONE)
    scene.go(340)


def an_emergency_stop(scene: ClimateScene) -> None:
    """Somebody smells smoke, and lifts the stop when it was toast."""
    scene.order("controller", "mode", zone="tent", mode="Manual")
    scene.order("controller", "levels", zone="tent", levels={"heater": 1.0, "fan": 0.8})
    scene.go(60)
    scene.order("supervisor", "emergency_stop", zone="tent", reason="smoke")
    scene.go(30)
    scene.order("supervisor", "emergency_release", zone="tent", reason="it was toast")
    scene.go(30)


def both_services_killed(scene: ClimateScene) -> None:
    """The heater is on when they go; its lease lapses, and the new ones go on without a second event of any cause."""
    scene.order("controller", "mode", zone="tent", mode="Manual")
    scene.order("controller", "levels", zone="tent", levels={"heater": 1.0})
    scene.go(60)
    scene.dead = {"controller", "supervisor"}
    scene.go(90)
    scene.start_controller()
    scene.start_supervisor()
    scene.dead = set()
    scene.go(60)


Scene = Callable[[ClimateScene], None]
SCENES: tuple[Scene, ...] = (
    orders_of_a_person,
    control_of_the_vpd,
    heat,
    a_limit_of_the_supervisor,
    an_actuator_that_lies,
    an_emergency_stop,
    both_services_killed,
)
each_scene = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)


def played(scene: Scene) -> list[tuple[str, ServiceOffer]]:
    """Return what the services offered in a scene."""
    with ExitStack() as stack:
        found = ClimateScene(stack)
        scene(found)
        assert not [outlet.rejected for outlet in found.outlets.values() if outlet.rejected]
        return found.offered


def line(service: str, each: ServiceOffer) -> str:
    """Return an event as a line; ids of commands differ from start to start, so they are left out."""
    data = {key: value for key, value in each.data.items() if key != "command"}
    at_s = ((each.time or START) - START) / timedelta(seconds=1)
    return f"{at_s:>7.1f} {service} {each.device or each.zone} {each.type} {json.dumps(data, ensure_ascii=False)}"


@each_scene
def test_the_events_of_a_scene_are_the_golden_ones(scene: Scene) -> None:
    """To the second and the word."""
    found = "".join(f"{line(*each)}\n" for each in played(scene))
    path = GOLDEN / f"{scene.__name__}.txt"
    if os.environ.get("UPSKEEP_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == found


def test_the_scenes_hold_every_event_that_the_seed_names() -> None:
    """None is only in the catalogue."""
    assert set() == SEEDS_NAMES - {each.type for scene in SCENES for _, each in played(scene)}


@each_scene
def test_every_event_is_taken_and_counted_once_however_often_it_is_offered(scene: Scene) -> None:
    """Each is applied three times, as after two ledgers that went back; the counts are those of the golden list."""
    candidates = played(scene)
    assert len(candidates) == len({each.id for _, each in candidates})
    with processor(planned()) as (stage, ledger, outlet), bench(StorePolicy()) as store:
        for _ in range(3):
            for service, each in candidates:
                with ledger.transaction():
                    stage.apply(each.model_copy(update={"producer": service}))
                    stage.flush()
        events = events_of(outlet)
        store.batch(*events)
        counted = {name: found["total"] for name, found in store.store.snapshot().items()}
    assert Counter(each.type for _, each in candidates) == counted
