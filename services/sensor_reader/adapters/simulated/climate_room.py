"""A simulated room: its actuators obey orders over MQTT, and its sensors show the effect.

Rules:
1. It passes by this machine's clock, second by second, since controller and supervisor do: a loop has no speed.
2. Its lamp is on a timer of its own, as the zone's light says. Every other actuator follows ``sim/{name}/set``, and
   goes to its safe level when its lease lapses.
3. Nothing of it is kept: a reader that starts again begins with a new room.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from services.sensor_reader.core.polling.power_cut_command import CutError
from services.sensor_reader.core.sources.feed import Refusal, SourcePosition
from shared.actuation import Outgoing
from shared.climate.room import RoomState, air_of, pass_time
from shared.climate.room_devices import SENSOR, Sensed, sense, shown
from shared.climate.room_presets import Preset
from shared.climate.room_weather import DAY_S, outside_at, sun_at
from shared.climate.simulated_actuator import SimulatedActuator
from shared.messages import Frame

LOOK_S = 1.0  # how often orders are looked for
FRAME_S = 10.0  # how often the sensors show something
STEP_S = 5.0
LIT_HOURS = 18.0  # without a plan
SEED = 1


class ActuatorWire(Protocol):
    """What brings orders to the actuators, and their answers back."""

    def open(self) -> None:
        """Begin to connect."""

    def heard(self) -> Iterable[Outgoing]:
        """Yield the orders that have come."""

    def send(self, reports: Iterable[Outgoing]) -> None:
        """Send answers."""

    def close(self) -> None:
        """Disconnect."""


class ClimateRoomFeed:
    """A ``Feed`` of two devices, the air of the room and the air outside. It never ends."""

    live = False
    has_life = False

    def __init__(self, preset: Preset, wire: ActuatorWire) -> None:
        self.name = f"sim:{preset.name}"
        self._preset, self._wire = preset, wire
        self._room = air_of(24.0, 62.0)
        self._sensed = Sensed(24.0, 62.0)
        self._devices = {
            each.name: SimulatedActuator(each.name, each.watts or 100.0)
            for each in preset.zone.actuators
            if each.kind != "light"
        }
        self._kinds = {each.name: each.kind.value for each in preset.zone.actuators}
        self._passed_s: float | None = None
        self._due_s = self._frame_due_s = 0.0
        self._frames = 0

    @property
    def levels(self) -> Mapping[str, float]:
        """Where each actuator is."""
        return {name: device.level for name, device in self._devices.items()}

    def open(self, stored: SourcePosition | None, now: datetime) -> None:  # noqa: ARG002 - nothing is kept
        """Begin."""
        self._wire.open()

    def next_due(self) -> float | None:
        """Return when orders are looked for again."""
        return self._due_s

    def poll(self, now: float, time: datetime, limit: int) -> Sequence[Frame | Refusal]:  # noqa: ARG002
        """Let the room come to ``now``; returns what its sensors show, where that is due."""
        self._obey(now)
        self._pass(now, time)
        self._due_s = now + LOOK_S
        if now < self._frame_due_s:
            return ()
        self._frame_due_s = now + FRAME_S
        for device in self._devices.values():
            self._wire.send((device.report(),))
        return self._frames_of(time)

    def place(self) -> SourcePosition | None:
        """Nothing to keep."""
        return None

    def cut_power(self, device: str, after_s: int) -> Mapping[str, Any]:  # noqa: ARG002
        """What is simulated has no power to cut; raises CutError."""
        raise CutError(f"{self.name} is simulated, and only hardware can be cut off")

    def close(self) -> None:
        """Let the actuators go."""
        self._wire.close()

    def _obey(self, now: float) -> None:
        for order in self._wire.heard():
            for name, device in self._devices.items():
                self._devices[name], reports = device.receive(order.topic, order.payload, now)
                self._wire.send(reports)
        for name, device in self._devices.items():
            self._devices[name], reports = device.tick(now)
            self._wire.send(reports)

    def _pass(self, now: float, time: datetime) -> None:
        at_s, lit = _second_of_day(time), self._lit(time)
        outside = outside_at(self._preset.weather, at_s, SEED)
        acting: dict[str, float] = {}
        for name, device in self._devices.items():
            acting[self._kinds[name]] = acting.get(self._kinds[name], 0.0) + device.level
        left_s = 0.0 if self._passed_s is None else min(now - self._passed_s, 3600.0)
        while left_s > 1e-6:
            step_s = min(left_s, STEP_S)
            self._room = pass_time(self._room, self._preset.model, outside, acting, step_s, lit)
            self._sensed = sense(self._sensed, self._room, SENSOR, step_s)
            left_s -= step_s
        self._passed_s = now

    def _lit(self, time: datetime) -> float:
        if self._preset.weather.sun:
            return sun_at(self._preset.weather, _second_of_day(time), SEED)
        return float((_second_of_day(time) - self._preset.zone.light.on_s) % DAY_S < 3600 * LIT_HOURS)

    def _frames_of(self, time: datetime) -> tuple[Frame, ...]:
        self._frames += 1
        outside = outside_at(self._preset.weather, _second_of_day(time), SEED)
        return tuple(
            self._frame(device, time, state, seed)
            for device, state, seed in (
                (self._preset.zone.sensor, self._sensed, SEED),
                (self._preset.zone.outside or "outside", outside, SEED + 1),
            )
        )

    def _frame(self, device: str, time: datetime, state: Sensed | RoomState, seed: int) -> Frame:
        read = shown(Sensed(state.celsius, state.percent), SENSOR, self._frames, seed)
        celsius, percent = read or (state.celsius, state.percent)
        values = {"air_temperature": celsius, "relative_humidity": percent}
        return Frame(time=time, device=device, zone=self._preset.name, values=values)


def _second_of_day(time: datetime) -> float:
    return time.astimezone(UTC).timestamp() % DAY_S
