"""Whoever is killed, every actuator is in its safe state within its lease: real processes, a real Mosquitto."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.suite import SuiteSettings
from tests.support.brokers import MOSQUITTO, Broker, free_port
from tests.support.climate_processes import LEASE_S, SAFE, House, Process, configure, stop_alert
from tests.support.waiting import until

SLACK_S = 30.0  # ticks, and a machine that is busy


class Scene:
    """Everything of one test."""

    def __init__(self, folder: Path, broker: Broker, house: House) -> None:
        self.broker, self.house = broker, house
        self.controller = Process("climate_controller", folder, broker.settings)
        self.supervisor = Process("climate_supervisor", folder, broker.settings)

    def at_work(self) -> None:
        """Wait until heater and fan run as the controller demands."""
        self.house.order("climate_controller", "levels", f"l{time.monotonic()}", zone="tent",
                         levels={"heater": 1.0, "fan": 0.5})  # fmt: skip
        self.running()

    def running(self) -> None:
        """Wait until heater and fan run."""
        until(lambda: self.house.levels["heater"] == 1 and self.house.levels["fan"] == 0.5, "heater and fan run")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Controller and supervisor at work over simulated actuators."""
    configure(tmp_path)
    broker = Broker(MOSQUITTO, free_port(), tmp_path / "broker")
    broker.start()
    with House(SuiteSettings(broker=broker.settings)) as house:
        found = Scene(tmp_path, broker, house)
        found.supervisor.start()
        found.controller.start()
        try:
            found.at_work()
            yield found
        finally:
            found.controller.end()
            found.supervisor.end()
            broker.stop()


def test_a_killed_controller_leaves_everything_safe(scene: Scene) -> None:
    """Its demands lapse, and the supervisor goes to the safe levels; it goes on where it was when it is back."""
    scene.controller.kill()
    until(lambda: scene.house.levels == SAFE, "safe levels", LEASE_S + SLACK_S)
    until(lambda: scene.house.of("actuator", "heater")[-1]["reason"] == "lease_lapsed", "the supervisor says why")
    scene.controller.start()
    scene.running()


def test_a_killed_supervisor_leaves_everything_safe(scene: Scene) -> None:
    """Every lease lapses at the actuator itself, also that of a fan that was ordered off and would be safe running."""
    scene.supervisor.kill()
    until(lambda: scene.house.levels == SAFE, "leases lapse", LEASE_S + SLACK_S)
    scene.supervisor.start()
    scene.running()
    scene.house.order("climate_controller", "levels", "fan_off", zone="tent", levels={"heater": 1.0, "fan": 0.0})
    until(lambda: (scene.house.levels["heater"], scene.house.levels["fan"]) == (1, 0), "the fan is off")
    scene.supervisor.kill()
    until(lambda: scene.house.levels == SAFE, "leases lapse", LEASE_S + SLACK_S)


def test_a_killed_broker_leaves_everything_off(scene: Scene) -> None:
    """And when it is back, everything goes on by itself."""
    scene.broker.kill()
    until(lambda: scene.house.levels == SAFE, "leases lapse", LEASE_S + SLACK_S)
    scene.broker.start()
    scene.running()


def test_a_silent_sensor_switches_off_and_a_stop_outlives_a_kill(scene: Scene) -> None:
    """The stop is latched in the ledger; a person lifts it by name."""
    house = scene.house
    house.celsius = None
    until(lambda: house.levels["heater"] == 0, "the heater goes off", 5.0 + 1.0 + SLACK_S)
    house.celsius = 22.0
    scene.running()
    house.order("climate_supervisor", "emergency_stop", "s1", zone="tent", reason="smoke")
    until(lambda: house.levels == SAFE, "everything stops", SLACK_S)
    scene.supervisor.kill()
    scene.supervisor.start()
    until(lambda: house.of("status", "climate_supervisor")[-1].get("figures", {}).get("stops") == 1, "it stands")
    assert SAFE == house.levels
    house.order("climate_supervisor", "emergency_release", "r1", zone="tent", reason="it was toast")
    scene.running()

    def offered() -> tuple[int, ...]:
        types = [event["type"] for event in house.offered("climate_supervisor")]
        return tuple(types.count(name) for name in ("emergency.stop", "emergency.reset"))

    until(lambda: offered() == (1, 1), "one event of each")


def test_the_alerters_stop_is_obeyed_from_its_retained_alert(scene: Scene) -> None:
    """Also by a supervisor that was away when the command came; it is lifted where it was called."""
    house = scene.house
    scene.supervisor.kill()
    house.publish(stop_alert("firing"), retain=True)
    scene.supervisor.start()
    until(lambda: house.of("actuator", "heater")[-1]["reason"] == "emergency_stop", "the stop is obeyed")
    until(lambda: house.levels == SAFE, "everything stops")
    house.order("climate_supervisor", "emergency_release", "r1", zone="tent", reason="no")
    refused = until(lambda: house.of("result", "climate_supervisor", "emergency_release"), "the refusal")[0]
    assert ("refused", True) == (refused["status"], "reset-stop" in refused["reason"])
    assert SAFE == house.levels
    house.publish(stop_alert("resolved"), retain=True)
    scene.running()
