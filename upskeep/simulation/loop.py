"""The control law and the room model in one loop, without broker or clock: thousands of times as fast as a real day.

Each tick the sensor is read, the law decides, and its decisions are carried out ``latency_s`` later. What a
coordinator would refuse (the dwells) the law refuses itself, so its decisions are taken as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from services.climate_controller.core.law import Verdict, decide
from services.climate_controller.core.state import State, fresh_state
from services.climate_controller.core.tick import Air, Running, Tick
from shared.climate.room import RoomModel, RoomState, air_of, pass_time
from shared.climate.room_devices import SENSOR, ActuatorFault, Sensed, SensorFault, SensorModel, effective, sense, shown
from shared.climate.room_weather import DAY_S, Weather, outside_at, sun_at
from shared.climate.zones import Plan, Zone

STEP_S = 5.0
WEATHER_S = 60.0  # the air outside is looked at this often
EPOCH_DAY = 20_000  # a day like any other
START = air_of(24.0, 62.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong from ``from_s`` to ``to_s`` after the start; an actuator is named, a sensor is not."""

    kind: SensorFault | ActuatorFault
    from_s: float = 0.0
    to_s: float = math.inf
    actuator: str | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """What is simulated."""

    zone: Zone
    model: RoomModel
    weather: Weather
    plans: Mapping[str, Plan] = field(default_factory=dict)
    sensor: SensorModel = SENSOR
    faults: tuple[Fault, ...] = ()
    seed: int = 1
    latency_s: float = 1.0
    knows_outside: bool = True
    start: RoomState = START


@dataclass(frozen=True, slots=True)
class SimulatedTick:
    """One tick: what was decided, and the room as it truly was until the next one, as (seconds, state)."""

    at_s: float
    start: RoomState
    verdict: Verdict
    running: Mapping[str, Running]
    path: tuple[tuple[float, RoomState], ...]
    outside: RoomState


def run(setup: Setup, seconds: float, state: State | None = None) -> Iterator[SimulatedTick]:
    """Yield each tick."""
    loop = _Loop(setup, state or fresh_state(setup.zone))
    for number in range(math.ceil(seconds / setup.zone.tick_s)):
        yield loop.tick(number)


class _Loop:
    def __init__(self, setup: Setup, state: State) -> None:
        self.setup, self.state = setup, state
        self.zone = setup.zone
        self.room = setup.start
        self.sensed = Sensed(setup.start.celsius, setup.start.percent)
        self.stuck_from = self.sensed
        self.running: dict[str, Running] = {each.name: Running(0.0, -math.inf) for each in self.zone.actuators}
        self.kinds = {each.name: each.kind.value for each in self.zone.actuators}
        self.outside, self.outside_s = outside_at(setup.weather, 0.0, setup.seed), 0.0

    def tick(self, number: int) -> SimulatedTick:
        at_s = number * self.zone.tick_s
        if at_s - self.outside_s >= WEATHER_S:
            self.outside, self.outside_s = outside_at(self.setup.weather, at_s, self.setup.seed), at_s
        tick = self._tick(number, at_s)
        self.state, verdict = decide("simulated", self.zone, self.setup.plans, self.state, tick)
        start = self.room
        path = self._pass(at_s, self._changes(at_s, verdict), verdict)
        return SimulatedTick(at_s, start, verdict, dict(self.running), path, self.outside)

    def _tick(self, number: int, at_s: float) -> Tick:
        setup = self.setup
        fault = next((each for each in setup.faults if each.actuator is None and each.from_s <= at_s < each.to_s), None)
        if fault is None:
            self.stuck_from = self.sensed
        since = (at_s - fault.from_s if fault else 0.0, self.stuck_from)
        kind = fault.kind if fault and isinstance(fault.kind, SensorFault) else None
        read = shown(self.sensed, setup.sensor, number, setup.seed, kind, since)
        believable = read is not None and all(map(math.isfinite, read))
        air = Air(read[0], read[1], at_s) if read and believable else None
        outside = Air(self.outside.celsius, self.outside.percent, at_s) if setup.knows_outside else None
        days, second = divmod(at_s, DAY_S)
        return Tick(at_s, EPOCH_DAY + int(days), second, air, outside, self.running)

    def _changes(self, at_s: float, verdict: Verdict) -> list[tuple[float, str, float]]:
        """Return (when, actuator, level), in order."""
        if not verdict.commands:
            return []
        changes = []
        for decision in verdict.decisions:
            running = self.running[decision.actuator]
            if decision.level != running.level:
                changes.append((at_s + self.setup.latency_s, decision.actuator, decision.level))
            if decision.until_s is not None:
                changes.append((decision.until_s + self.setup.latency_s, decision.actuator, 0.0))
        return sorted(changes)

    def _pass(
        self, at_s: float, changes: list[tuple[float, str, float]], verdict: Verdict
    ) -> tuple[tuple[float, RoomState], ...]:
        end_s, path = at_s + self.zone.tick_s, []
        while at_s < end_s - 1e-9:
            while changes and changes[0][0] <= at_s + 1e-9:
                self._switch(*changes.pop(0))
            until_s = min(at_s + STEP_S, end_s, changes[0][0] if changes else end_s)
            self._step(at_s, until_s - at_s, lit=verdict.lit)
            path.append((until_s - at_s, self.room))
            at_s = until_s
        for when_s, name, level in changes:  # what falls behind the end of the tick happens at its end
            self._switch(min(when_s, end_s), name, level)
        return tuple(path)

    def _switch(self, at_s: float, name: str, level: float) -> None:
        if self.running[name].level != level:
            self.running[name] = replace(self.running[name], level=level, since_s=at_s)

    def _step(self, at_s: float, step_s: float, *, lit: bool) -> None:
        setup = self.setup
        acting: dict[str, float] = {}
        for name, running in self.running.items():
            fault = next(
                (each for each in setup.faults if each.actuator == name and each.from_s <= at_s < each.to_s), None
            )
            kind = fault.kind if fault and isinstance(fault.kind, ActuatorFault) else None
            acting[self.kinds[name]] = acting.get(self.kinds[name], 0.0) + effective(running.level, kind)
        light = acting.get("light", float(lit)) if not setup.weather.sun else sun_at(setup.weather, at_s, setup.seed)
        self.room = pass_time(self.room, setup.model, self.outside, acting, step_s, light)
        self.sensed = sense(self.sensed, self.room, setup.sensor, step_s)
