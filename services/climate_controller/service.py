"""The controller's message handler: each tick of a zone decides, coordinates and publishes a demand.

Rules:
1. A demand holds for three ticks. When the controller dies its demands lapse, and the supervisor goes to safe levels.
2. In Observe nothing is demanded. During a pause everything is demanded off but light and circulation, which stay.
3. Mode, own target, pause and learned rates are committed to the ledger before they take effect.
4. Its events are a stream of its own ledger (ADR 0040). No decision waits for it.
5. Retained readings do not count: after a start the law waits for fresh ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.climate_controller.adapters.repository import ControllerRepository
from services.climate_controller.core import law
from services.climate_controller.core import state as law_state
from services.climate_controller.core.coordinator import LevelRequest, Reported, Track, coordinate
from services.climate_controller.core.state import Change, State
from services.climate_controller.core.tick import Air, Running, Tick
from services.climate_controller.settings import ControllerSettings
from shared.actuation import ActuatorState, Demand, DemandedLevel
from shared.actuators import action
from shared.climate.decisions import Decision
from shared.climate.zones import Kind, Mode, Zone
from shared.clock import Clock
from shared.delivery.endpoint import Endpoint
from shared.delivery.handler import RefusedError
from shared.messages import DeviceState, Message, Name, Quality, ServiceOffer
from shared.quantities import QUANTITIES
from shared.requests import Command

Reason = Annotated[str, Field(min_length=1, max_length=200)]
CELSIUS, PERCENT = "air_temperature", "relative_humidity"
STAYS = (Kind.LIGHT, Kind.CIRCULATION)


class ZoneData(BaseModel):
    """``data`` that every command has: its zone, and why."""

    zone: Name
    reason: Reason = "user_request"


class ModeData(ZoneData):
    """``data`` of ``mode``."""

    mode: Mode


class TargetData(ZoneData):
    """``data`` of ``target``: a VPD in kPa, or null for the plan's."""

    vpd: Annotated[float, Field(gt=0, le=5)] | None


class PauseData(ZoneData):
    """``data`` of ``pause``, which ends after ``for_s``."""

    for_s: Annotated[float, Field(ge=1, le=604_800)] = 3600.0


class LevelsData(ZoneData):
    """``data`` of ``levels``: the levels of the mode Manual."""

    levels: dict[Name, Annotated[float, Field(ge=0, le=1)]]


@dataclass(slots=True)
class ReceivedState:
    """A device's newest state and when it arrived (monotonic s)."""

    state: DeviceState
    at_s: float


@dataclass(slots=True)
class Room:
    """The state of one zone."""

    zone: Zone
    state: State
    due_s: float
    verdict: law.Verdict | None = None
    reasons: dict[str, str] = field(default_factory=dict)


class ClimateController:
    """The message handler and its background task."""

    def __init__(
        self, settings: ControllerSettings, endpoint: Endpoint, clock: Clock, repository: ControllerRepository
    ) -> None:
        self._settings, self._endpoint, self._clock, self._repository = settings, endpoint, clock, repository
        self._run, self._count = f"{endpoint.epoch[:8]}-{repository.start()}", 0
        now_s = clock.monotonic()
        zones = settings.climate.zones
        self._rooms = {name: Room(zone, repository.state(name, zone), now_s) for name, zone in zones.items()}
        self._tracks: dict[str, Track] = repository.tracks(now_s, clock.wall().timestamp())
        self._sensors = {device for zone in zones.values() for device in (zone.sensor, zone.outside)}
        self._device_states: dict[str, ReceivedState] = {}
        self._actuators: dict[str, ActuatorState] = {}
        self._levels: dict[str, tuple[float, float]] = {}  # level, and since when

    # ---- messages

    def follow(self, message: Message, *, retained: bool) -> None:
        """Take the state of a device or an actuator."""
        match message:
            case DeviceState() if not retained and message.device in self._sensors:
                self._device_states[message.device] = ReceivedState(message, self._clock.monotonic())
            case ActuatorState() if message.actuator in self._settings.actuators:
                self._actuators[message.actuator] = message
            case _:
                pass

    @property
    def device_states(self) -> Mapping[str, ReceivedState]:
        """The newest state of each device that a zone names."""
        return self._device_states

    # ---- commands and questions

    def execute(self, command: Command) -> Mapping[str, Any]:
        """Take ``mode``, ``target``, ``pause``, ``resume`` and ``levels``."""
        by = command.by or command.producer or "somebody"
        match command.name:
            case "mode":
                return self._mode(ModeData.model_validate(command.data))
            case "target":
                return self._target(TargetData.model_validate(command.data))
            case "pause":
                return self._pause(PauseData.model_validate(command.data), by)
            case "resume":
                data = ZoneData.model_validate(command.data)
                room = self._room(data.zone)
                state, change = law_state.resume(room.state, data.reason, by)
                return self._set(data.zone, state, [change], "resume")
            case "levels":
                levels = LevelsData.model_validate(command.data)
                room = self._room(levels.zone)
                if unknown := set(levels.levels) - {each.name for each in room.zone.actuators}:
                    raise RefusedError(f"{levels.zone} has no actuator {min(unknown)!r}")
                return self._set(levels.zone, law_state.set_levels(room.state, levels.levels), [], "levels")
        raise RefusedError(f"no command is called {command.name!r}; there are mode, target, pause, resume and levels")

    def _mode(self, data: ModeData) -> Mapping[str, Any]:
        room = self._room(data.zone)
        needs = {Mode.DRYING: room.zone.drying_plan, Mode.VPD_PERFECTION: room.zone.plan}
        if needs.get(data.mode, "") is None:
            raise RefusedError(f"{data.zone} has no plan for the mode {data.mode.value}; give it one in climate.yaml")
        state, change = law_state.set_mode(room.state, data.mode, data.reason)
        return self._set(data.zone, state, [change], "mode")

    def _target(self, data: TargetData) -> Mapping[str, Any]:
        room = self._room(data.zone)
        if data.vpd is not None:
            low, high = room.zone.limits.deficits_kpa(room.zone.offset_c(lit=True))
            if not low <= data.vpd <= high:
                raise RefusedError(
                    f"a VPD of {data.vpd:g} kPa cannot be reached within the limits of {data.zone}: "
                    f"they give {low:.2f} to {high:.2f} kPa"
                )
        return self._set(data.zone, law_state.set_target(room.state, data.vpd), [], "target")

    def _pause(self, data: PauseData, by: str) -> Mapping[str, Any]:
        room, now_s = self._room(data.zone), self._clock.wall().timestamp()
        state, change = law_state.pause(room.state, now_s + data.for_s, data.reason, by, now_s)
        return self._set(data.zone, state, [change], "pause")

    def _set(self, name: str, state: State, changes: Iterable[Change | None], trigger: str) -> Mapping[str, Any]:
        room = self._room(name)
        room.state, room.due_s = state, self._clock.monotonic()
        self._repository.save_state(name, state)
        for change in changes:
            if change is not None:
                self._offer(name, change.type, change.data)
        self._offer(name, "vpd.recalculation_required", {"trigger": trigger})
        paused = None if state.pause is None else _rfc(state.pause.until_s)
        return {"zone": name, "mode": state.mode.value, "target_kpa": state.own_target_kpa, "paused_until": paused}

    def _room(self, name: str) -> Room:
        if name not in self._rooms:
            raise RefusedError(f"no zone is called {name!r}; there are {', '.join(self._rooms) or 'none'}")
        return self._rooms[name]

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002 - it asks nothing
        """Answer ``climate``: each zone's mode, VPD and target, and the reason for each actuator's level."""
        if name != "climate":
            raise RefusedError(f"no question is called {name!r}; there is climate")
        return {"zones": {zone: self._shown(room) for zone, room in self._rooms.items()}}

    def _shown(self, room: Room) -> Mapping[str, Any]:
        verdict, pause = room.verdict, room.state.pause
        return {
            "mode": room.state.mode.value,
            "vpd": None if verdict is None or verdict.vpd is None else round(verdict.vpd, 3),
            "target": None if verdict is None or verdict.target is None else round(verdict.target, 3),
            "band": room.zone.band_kpa,
            "sensor": room.zone.sensor,
            "stage": None if verdict is None else verdict.stage,
            "day": None if verdict is None else verdict.lit,
            "paused_until": None if pause is None else _rfc(pause.until_s),
            "actuators": dict(room.reasons),
        }

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return each zone's mode and the goal of its target (kPa)."""
        modes = {f"{name}.mode": room.state.mode.value for name, room in self._rooms.items()}
        goals = {name: room.state.goal_kpa for name, room in self._rooms.items()}
        return modes | {f"{name}.target": round(goal, 2) for name, goal in goals.items() if goal is not None}

    # ---- the background task

    def work(self) -> None:
        """Run the tick of each zone that is due."""
        now_s = self._clock.monotonic()
        for name, room in self._rooms.items():
            if now_s >= room.due_s:
                room.due_s = now_s + room.zone.tick_s
                self._tick(name, room, now_s)

    def wait_s(self) -> float:
        """Return in how many seconds the next tick is due."""
        now_s = self._clock.monotonic()
        return max(0.0, min((room.due_s for room in self._rooms.values()), default=now_s + 60) - now_s)

    def finish(self) -> None:
        """Store the states and on-times."""
        self._keep(last=True)

    def close(self) -> None:
        """Do nothing: it has no connections."""

    # ---- internals

    def _tick(self, name: str, room: Room, now_s: float) -> None:
        wall_s = self._clock.wall().timestamp()
        tick = self._gather(name, room, now_s, wall_s)
        room.state, verdict = law.decide(name, room.zone, self._settings.climate.plans, room.state, tick)
        room.verdict = verdict
        room.reasons = {
            each.actuator: f"{action(each.level)}: {each.text or each.reason.value}" for each in verdict.decisions
        }
        for change in verdict.changes:
            self._offer(name, change.type, change.data)
        if room.state.mode is not Mode.OBSERVE:
            self._demand(name, room, verdict.decisions, now_s, wall_s)
        self._keep()

    def _demand(self, name: str, room: Room, decisions: tuple[Decision, ...], now_s: float, wall_s: float) -> None:
        asked = {each.actuator: self._asked(room, each, now_s, wall_s) for each in decisions}
        reports = {
            each: Reported(state.level, state.available)
            for each in asked
            if (state := self._actuators.get(each)) is not None
        }
        came = coordinate(self._settings.actuators, self._tracks, asked, reports, now_s, room.zone.tick_s, self._mint)
        self._tracks = dict(came.tracks)
        for note in came.notes:
            until = {} if note.until_in_s is None else {"until": _rfc(wall_s + note.until_in_s)}
            self._offer(name, note.type, {**note.data, **until}, note.actuator)
        levels = tuple(
            DemandedLevel(
                actuator=each,
                level=grant.level,
                command=grant.command,
                lease_s=min(max(grant.until_s - now_s, 0.1), 3600.0),
                reason=grant.reason,
                text=grant.text,
            )
            for each, grant in came.grants.items()
        )
        self._endpoint.publish_once(Demand(zone=name, time=self._clock.wall(), levels=levels))

    def _asked(self, room: Room, each: Decision, now_s: float, wall_s: float) -> LevelRequest:
        kind = self._settings.actuators[each.actuator].kind.value
        paused_off = room.state.pause is not None and kind not in STAYS
        until_s = None if each.until_s is None else now_s + each.until_s - wall_s
        return LevelRequest(0.0 if paused_off else each.level, each.reason.value, each.text, until_s)

    def _gather(self, name: str, room: Room, now_s: float, wall_s: float) -> Tick:
        local = datetime.fromtimestamp(wall_s, self._settings.clocks[name])
        second = local.hour * 3600 + local.minute * 60 + local.second
        day = (local.date() - date(1970, 1, 1)).days
        zone = room.zone
        air = self._air(zone.sensor, zone.max_age_s, now_s, wall_s)
        outside = None if zone.outside is None else self._air(zone.outside, zone.max_age_s, now_s, wall_s)
        running = {each.name: self._running(each.name, now_s, wall_s) for each in zone.actuators}
        return Tick(wall_s, day, float(second), air, outside, running)

    def _air(self, device: str, max_age_s: float, now_s: float, wall_s: float) -> Air | None:
        """Return a device's air; None if it arrived or was read longer than ``max_age_s`` ago, or lacks a value."""
        received = self._device_states.get(device)
        if received is None or now_s - received.at_s > max_age_s:
            return None
        if received.state.quality in (Quality.BAD, Quality.STALE):
            return None
        values = received.state.values
        celsius, percent = (_possible(channel, values.get(channel)) for channel in (CELSIUS, PERCENT))
        if celsius is None or percent is None:
            return None
        received_at_s = wall_s - (now_s - received.at_s)
        at_s = received_at_s if received.state.simulated else min(received.state.time.timestamp(), received_at_s)
        return Air(celsius, percent, at_s)

    def _running(self, name: str, now_s: float, wall_s: float) -> Running:
        state = self._actuators.get(name)
        level = 0.0 if state is None else state.ordered if state.level is None else state.level
        before = self._levels.get(name)
        if before is None or before[0] != level:
            times = self._tracks.get(name, Track()).times
            since_s = (times.on_since_s if level > 0 else times.off_since_s) if before is None else now_s
            before = self._levels[name] = (level, float("-inf") if since_s is None else since_s)
        return Running(level, wall_s - now_s + before[1], state is None or state.available is not False)

    def _mint(self) -> str:
        self._count += 1
        return f"{self._run}-{self._count}"

    def _offer(self, zone: str, kind: str, data: Mapping[str, object], device: str | None = None) -> None:
        filled = {key: value for key, value in data.items() if value is not None}
        if isinstance(expires := filled.get("expires_at"), float):
            filled["expires_at"] = _rfc(expires)
        identity = f"climate_controller/{kind}/{self._mint()}"
        extra = {} if device is not None else {"zone": zone}
        self._endpoint.emit(
            ServiceOffer(
                type=kind, id=identity, time=self._clock.wall(), device=device, zone=zone, data={**extra, **filled}
            )
        )

    def _keep(self, *, last: bool = False) -> None:
        for name, room in self._rooms.items():
            self._repository.save_state(name, room.state)
        self._repository.save_tracks(self._tracks, self._clock.monotonic(), self._clock.wall().timestamp(), last=last)


def _possible(channel: str, value: object) -> float | None:
    """Return a value as a number; None if it is none, or outside the range of its quantity."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if QUANTITIES[channel].low <= value <= QUANTITIES[channel].high else None


def _rfc(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
