"""A zone under the supervisor: sensors that a test speaks for, simulated actuators, and a clock that it moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import yaml

from services.climate_supervisor.core.guards import LevelDemand, Stop
from services.climate_supervisor.core.sensors import Reading
from services.climate_supervisor.core.shadow import take_report
from services.climate_supervisor.core.step_events import StepEvent, step_events
from services.climate_supervisor.core.supervise import Memory, World, step, take_reading
from services.climate_supervisor.core.templates import Binding, Template
from shared.actuation import Outgoing
from shared.actuators import Actuator, ZoneSafety
from shared.climate.simulated_actuator import SimulatedActuator
from shared.messages import Quality
from tests.support.live_suite import CONFIG

TICK_S = 5.0
TEMPLATES = {
    name: Template.model_validate(found)
    for name, found in yaml.safe_load((CONFIG / "actuators.yaml").read_text())["templates"].items()
}
ONE_SENSOR = {"temperature": [{"device": "air"}], "humidity": [{"device": "air"}], "co2": [{"device": "air"}]}
TWO_SENSORS = {name: [{"device": "air"}, {"device": "spare"}] for name in ("temperature", "humidity")}


def bind(name: str, template: str, **settings: Any) -> Binding:
    """Return an actuator with a template of the shipped configuration."""
    actuator = Actuator.model_validate({"zone": "tent", "kind": "heater", "template": template, **settings})
    return Binding(name, actuator, TEMPLATES[template])


class Room:
    """The supervisor's core in a loop with what it commands. Sensors speak once a tick, unless they are silent."""

    def __init__(self, kinds: dict[str, dict[str, Any]], sensors: Any = ONE_SENSOR, **zone: Any) -> None:
        bindings = {name: bind(name, "simulated", **settings) for name, settings in kinds.items()}
        rules = ZoneSafety.model_validate({"sensors": sensors, **zone})
        self.world = World({"tent": rules}, bindings, "run1")
        self.memory = Memory()
        self.last = self.memory
        self.now_s = 1000.0
        self.devices = {name: SimulatedActuator(name) for name in kinds}
        self.values = {device: {"air_temperature": 25.0, "relative_humidity": 60.0, "co2": 600.0}
                       for device in ("air", "spare")}  # fmt: skip
        self.silent: set[str] = set()
        self.source_age_s = dict.fromkeys(self.values, 0.5)
        self.quality = dict.fromkeys(self.values, Quality.GOOD)
        self.demanded: dict[str, float] = {}
        self.events: list[StepEvent] = []
        self.together: list[tuple[str, ...]] = []  # who was on at each tick
        self.wobble: Callable[[float], float] = lambda now_s: 0.01 * (now_s / TICK_S % 7)

    # ---- what a test does

    def demand(self, **levels: float) -> None:
        """Demand levels from now on, as the controller does at every tick."""
        self.demanded |= levels

    def stop(self, zone: str = "tent") -> None:
        """Call for an emergency stop."""
        self.memory = replace(self.memory, stops={**self.memory.stops, zone: Stop(zone, "anna", "smoke")})

    def reset(self) -> None:
        """Lift every stop."""
        self.memory = replace(self.memory, stops={})

    def breaks(self, name: str, flaw: Any) -> None:
        """Break an actuator."""
        self.devices[name] = replace(self.devices[name], flaw=flaw)

    def go(self, seconds: float) -> None:
        """Let ticks pass."""
        for _ in range(round(seconds / TICK_S)):
            self.tick()

    def until(self, holds: Callable[[], bool], most_s: float) -> float:
        """Let ticks pass until a condition holds; returns how long that took."""
        began_s = self.now_s
        while not holds():
            assert self.now_s - began_s <= most_s, f"not within {most_s} s: {self.reasons()}"
            self.tick()
        return self.now_s - began_s

    def tick(self) -> None:
        """One tick: time, sensors, demands, a step, the answers of what was ordered."""
        self.now_s += TICK_S
        for device, values in self.values.items():
            if device not in self.silent:
                self._speak(device, values)
        until_s = self.now_s + 3 * TICK_S
        demands = {name: LevelDemand(level, until_s, f"w-{name}") for name, level in self.demanded.items()}
        self.memory = replace(self.memory, demands={**self.memory.demands, **demands})
        self.answers()
        came = step(self.world, self.memory, self.now_s)
        self.events += step_events(self.world, self.last, came)
        self.memory = self.last = came.memory
        for order in came.orders:
            for sent in self.world.bindings[order.actuator].order(order.level, order.command, order.falls_to):
                self._deliver(sent)
        self.together.append(tuple(name for name, device in self.devices.items() if device.power_w > 0))

    def answers(self) -> None:
        """Let leases lapse, and every actuator that lives report."""
        for name, device in self.devices.items():
            self.devices[name], said = device.tick(self.now_s)
            for outgoing in (*said, device.report()) if device.flaw != "dead" else ():
                self._heard(outgoing)

    # ---- what a test looks at

    def level(self, name: str) -> float:
        """Where an actuator really is."""
        return self.devices[name].level

    def reason(self, name: str) -> str:
        """Return why."""
        return self.memory.verdicts[name].reason.value

    def reasons(self) -> dict[str, str]:
        """Return all of them, with their texts."""
        return {name: f"{verdict.reason}: {verdict.text}" for name, verdict in self.memory.verdicts.items()}

    def types(self, *prefixes: str) -> list[str]:
        """Return the types of the events so far that begin with one of these."""
        return [event.type for event in self.events if event.type.startswith(prefixes or ("",))]

    # ---- below: the wires

    def _speak(self, device: str, values: dict[str, float]) -> None:
        wobble = self.wobble(self.now_s)
        said = {channel: value + wobble for channel, value in values.items()}
        reading = Reading(None, self.source_age_s[device], self.now_s, self.quality[device])
        self.memory = take_reading(self.world, self.memory, device, said, reading)

    def _deliver(self, sent: Outgoing) -> None:
        for name, device in self.devices.items():
            self.devices[name], said = device.receive(sent.topic, sent.payload, self.now_s)
            for outgoing in said:
                self._heard(outgoing)

    def _heard(self, outgoing: Outgoing) -> None:
        for name, binding in self.world.bindings.items():
            if outgoing.topic in binding.topics:
                report = binding.read(outgoing.topic, outgoing.payload)
                shadows = {
                    **self.memory.shadows,
                    name: take_report(self.memory.shadow(name), report, self.now_s, retained=False),
                }
                self.memory = replace(self.memory, shadows=shadows)
