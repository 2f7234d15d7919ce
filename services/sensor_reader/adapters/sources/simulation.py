"""The simulator as a source: a scenario played on a virtual clock, read by the very code that reads hardware.

Rules:
1. A frame is a function of scenario, devices, start and step alone: two playings are the same, bit for bit.
2. Every cycle begins anew from the scenario's first state, and time goes on: cycle n starts n · length later.
3. To go on at a position, the cycle is simulated again from its start and what was given is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from services.sensor_reader.adapters.simulated.bus import SimulatedBus, SimulatedHost, SimulatedLines
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.adapters.simulated.room import Room, pass_time
from services.sensor_reader.adapters.simulated.script import Phase, Scenario
from services.sensor_reader.adapters.simulated.senses import payloads
from services.sensor_reader.adapters.simulated.world import World, advance, in_series, noise
from services.sensor_reader.core.polling.device import ChipPart, Device, LinePart
from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.ports import Ports
from services.sensor_reader.core.sources.feed import Item, SourcePosition
from shared.messages import Frame

CPU_NOISE_C = 0.3


@dataclass(frozen=True, slots=True)
class Simulation:
    """A ``Source`` that plays ``scenario`` over ``devices``, ``cycles`` times (None: for ever)."""

    scenario: Scenario
    devices: tuple[Device, ...]
    cycles: int | None = 1
    has_life: bool = True

    @property
    def name(self) -> str:
        """``sim:SCENARIO``."""
        return f"sim:{self.scenario.name}"

    def place(self, stored: SourcePosition | None, now: datetime) -> SourcePosition:
        """Return where to go on; a new playing is anchored at ``now``."""
        return stored if stored and stored.anchor else SourcePosition(0, now)

    def items(self, place: SourcePosition) -> Iterator[Item]:
        """Yield the frames after ``place``; its anchor is the time of the first frame."""
        if place.anchor is None:
            raise ValueError("a simulation needs the time it began; give a Place with an anchor")
        per_cycle = self._frames_per_cycle() if place.position else 0
        done, skip = divmod(place.position, per_cycle) if per_cycle else (0, 0)
        position = done * per_cycle
        for cycle in count(done) if self.cycles is None else range(done, self.cycles):
            start = place.anchor + timedelta(seconds=cycle * self.scenario.lasts_s)
            for index, frame in enumerate(self._cycle(start)):
                position += 1
                if cycle > done or index >= skip:
                    yield Item(position, frame)

    def _frames_per_cycle(self) -> int:
        start = datetime.fromisoformat("2000-01-01T00:00:00Z")
        return sum(1 for _ in self._cycle(start))

    def _cycle(self, start: datetime) -> Iterator[Frame]:
        scenario = self.scenario
        stand = _Stand(self.devices)
        poller = Poller(self.devices, stand.ports, stand.wait, now=0.0)
        pack = in_series(scenario.pack, stand.cells)
        world, room = World(scenario.charge), scenario.room
        for step, phase in enumerate(scenario.moments()):
            world = advance(world, pack, phase.conditions, scenario.step_s)
            room = pass_time(room, phase.tending, scenario.step_s)
            at_s = step * scenario.step_s
            stand.wait_until(at_s)
            stand.show(world, room, phase, step)
            yield from poller.poll_due(at_s, start + timedelta(seconds=at_s))


class _Stand:
    """The test stand: chips, lines and host of the devices, set to what the world is like."""

    def __init__(self, devices: tuple[Device, ...]) -> None:
        parts = [part for device in devices for part in device.parts]
        self._chips = [part for part in parts if isinstance(part, ChipPart)]
        self._line_parts = [part for part in parts if isinstance(part, LinePart)]
        self._buses = {part.bus: SimulatedBus() for part in self._chips}
        for part in self._chips:
            self._buses[part.bus].attach(part.address, SIMULATED[part.chip.kind](part.address))
        self.cells = max((part.mount.cells for part in self._chips), default=1)
        self._lines = SimulatedLines()
        self._host = SimulatedHost()
        self.ports = Ports(self._buses, self._lines, self._host)

    def wait(self, seconds: float) -> None:
        for bus in self._buses.values():
            bus.wait(seconds)

    def wait_until(self, at_s: float) -> None:
        for bus in self._buses.values():
            bus.wait(max(at_s - bus.now, 0.0))

    def show(self, world: World, room: Room, phase: Phase, step: int) -> None:
        for bus in self._buses.values():
            bus.stuck = phase.fault is not None and phase.fault.kind == "stuck"
        for part in self._chips:
            bus = self._buses[part.bus]
            bus.break_chip(part.address, phase.fault)
            for block, payload in payloads(part, world, room, step).items():
                bus.hold(part.address, block, payload)
        for line in self._line_parts:
            self._lines.levels[line.line] = world.mains == line.high_means_mains
        self._host.celsius = round(world.cpu_c + CPU_NOISE_C * noise(step, 2), 1)
