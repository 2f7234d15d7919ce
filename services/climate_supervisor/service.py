"""The supervisor's message handler: messages change the memory, a step decides, orders go out.

Rules:
1. Readings come from ``state/…``; retained ones do not count.
2. A demand holds from its arrival for the lease that it names; retained ones do not count.
3. A stop is latched: it is committed to the ledger before it takes effect, and holds until a person releases it. A stop
   by the alerter is released there, with ``upskeep reset-stop``.
4. Orders decided in one turn leave at the beginning of the next, which follows at once: after the commit. The tick is
   for changes by time alone.
5. Its events are a stream of its own ledger (ADR 0040). No order waits for it, or for its consumers.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.climate_supervisor.adapters.device_wire import DeviceAnswer, DeviceWire
from services.climate_supervisor.adapters.repository import SupervisorRepository
from services.climate_supervisor.core.guards import LevelDemand, Stop
from services.climate_supervisor.core.sensors import Reading
from services.climate_supervisor.core.shadow import take_report
from services.climate_supervisor.core.step_events import StepEvent, step_events
from services.climate_supervisor.core.supervise import EVERYWHERE, World, forget_orders, step, take_reading
from services.climate_supervisor.settings import SupervisorSettings
from shared.actuation import ActuatorState, Demand, Outgoing
from shared.clock import Clock
from shared.delivery.endpoint import Endpoint
from shared.delivery.handler import RefusedError
from shared.messages import Alert, AlertState, DeviceState, Message, Name, ServiceOffer
from shared.requests import Command

log = logging.getLogger(__name__)

STOP_RULE = "emergency_stop"
ALERTER = "alerter"
KEEP_TIMES_S = 30.0
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class StopData(BaseModel):
    """``data`` of ``emergency_stop`` and ``emergency_release``."""

    zone: Name = EVERYWHERE
    reason: Reason = "no reason given"


class TryData(BaseModel):
    """``data`` of ``try``: a level for some seconds, under every guard."""

    actuator: Name
    level: Annotated[float, Field(ge=0, le=1)]
    for_s: Annotated[float, Field(ge=1, le=300)] = 10.0


@dataclass(frozen=True, slots=True)
class Shown:
    """The verdict last published for an actuator; a text that differs only in figures is not published."""

    what: tuple[float, str]
    text: str
    since: datetime


class ClimateSupervisor:
    """The message handler and its background task."""

    def __init__(
        self,
        settings: SupervisorSettings,
        endpoint: Endpoint,
        clock: Clock,
        wire: DeviceWire,
        repository: SupervisorRepository,
    ) -> None:
        self._endpoint, self._clock, self._wire, self._repository = endpoint, clock, wire, repository
        run = f"{endpoint.epoch[:8]}-{repository.start()}"
        self._tick_s = settings.tick_s
        self._world = World(settings.zones, settings.bindings, run, settings.armed)
        self._memory = repository.recall(clock.monotonic(), clock.wall().timestamp())
        self._last = self._memory
        self._due_s = self._times_due_s = clock.monotonic()
        self._pressing = True
        self._connected = False
        self._outgoing: list[Outgoing] = []
        self._shown: dict[str, Shown] = {}

    # ---- messages

    def follow(self, message: Message, *, retained: bool) -> None:
        """Take a device's state, a demand, an alert."""
        match message:
            case DeviceState() if not retained:
                self._read(message)
            case Demand() if not retained:
                self._demanded(message)
            case Alert() if message.rule == STOP_RULE:
                self._alerted(message)
            case _:
                pass

    def _read(self, state: DeviceState) -> None:
        age_s = 0.0 if state.simulated else (self._clock.wall() - state.time).total_seconds()
        reading = Reading(None, age_s, self._clock.monotonic(), state.quality, state.simulated)
        self._memory = take_reading(self._world, self._memory, state.device, state.values, reading)
        self._pressing = True

    def _demanded(self, demand: Demand) -> None:
        now_s, demands = self._clock.monotonic(), dict(self._memory.demands)
        for each in demand.levels:
            binding = self._world.bindings.get(each.actuator)
            if binding is None or binding.actuator.zone != demand.zone:
                raise_for = f"{each.actuator} is no actuator of the zone {demand.zone}"
                self._endpoint.reject(demand.topic(self._endpoint.topics), each.model_dump_json().encode(), raise_for)
                continue
            until_s = now_s + each.lease_s
            demands[each.actuator] = LevelDemand(
                each.level, until_s, each.command, each.text or each.reason, "controller"
            )
        self._memory = replace(self._memory, demands=demands)
        self._pressing = True

    def _alerted(self, alert: Alert) -> None:
        zone = alert.labels.get("zone", alert.key)
        standing = self._memory.stops.get(zone)
        if alert.state in (AlertState.FIRING, AlertState.ACKNOWLEDGED):
            if standing is None and self._knows(zone):
                self._latch(Stop(zone, ALERTER, alert.message, _rfc(alert.time), alert=True))
        elif standing is not None and standing.alert:
            self._lift(zone)

    # ---- commands and questions

    def execute(self, command: Command) -> Mapping[str, Any]:
        """Take ``emergency_stop``, ``emergency_release`` and ``try``."""
        by = command.by or command.producer
        match command.name:
            case "emergency_stop":
                return self._stop(StopData.model_validate(command.data), by or "somebody")
            case "emergency_release":
                return self._release(StopData.model_validate(command.data), by, command.by == ALERTER)
            case "try":
                return self._try(TryData.model_validate(command.data), command.id, by or "somebody")
        raise RefusedError(
            f"no command is called {command.name!r}; there are emergency_stop, emergency_release and try"
        )

    def _stop(self, data: StopData, by: str) -> Mapping[str, Any]:
        if not self._knows(data.zone):
            raise RefusedError(f"no zone is called {data.zone!r}; there are {', '.join(self._world.zones)} and all")
        if (standing := self._memory.stops.get(data.zone)) is None:
            stop = Stop(data.zone, by, data.reason, _rfc(self._clock.wall()), alert=by == ALERTER)
            self._latch(stop)
            if not stop.alert:  # the alerter's stop is an event already
                event_data = {"zone": data.zone, "by": by, "reason": data.reason}
                self._offer(StepEvent("emergency.stop", f"{data.zone}/{stop.at}", None, data.zone, event_data))
            standing = stop
        return {"zone": data.zone, "since": standing.at, "by": standing.by, "reason": standing.reason}

    def _release(self, data: StopData, by: str, alerter: bool) -> Mapping[str, Any]:
        standing = self._memory.stops.get(data.zone)
        if standing is None:
            raise RefusedError(f"{data.zone} is not stopped; stopped: {', '.join(self._memory.stops) or 'nothing'}")
        if not by:
            raise RefusedError("a person releases a stop: name the person in the command's `by`")
        if standing.alert and not alerter:
            raise RefusedError(f"the alerter ordered this stop; release it with `upskeep reset-stop {data.zone}`")
        self._lift(data.zone)
        if not standing.alert:
            event_data = {"zone": data.zone, "by": by, "reason": data.reason}
            self._offer(StepEvent("emergency.reset", f"{data.zone}/{standing.at}", None, data.zone, event_data))
        return {"zone": data.zone, "by": by}

    def _try(self, data: TryData, command: str, by: str) -> Mapping[str, Any]:
        if data.actuator not in self._world.bindings:
            known = ", ".join(self._world.bindings) or "none"
            raise RefusedError(f"no actuator is called {data.actuator!r}; there are {known}")
        if not self._world.armed:
            raise RefusedError("nothing is switched: config/actuators.yaml says `armed: false`")
        until_s = self._clock.monotonic() + data.for_s
        trial = LevelDemand(data.level, until_s, command, f"tried by {by}", by)
        self._memory = replace(self._memory, tries={**self._memory.tries, data.actuator: trial})
        self._pressing = True
        return {"actuator": data.actuator, "level": data.level, "for_s": data.for_s}

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002 - it asks nothing
        """Answer ``actuators``: each with its state, and what is wrong."""
        if name != "actuators":
            raise RefusedError(f"no question is called {name!r}; there is actuators")
        states = [self._state(name).model_dump(mode="json") for name in self._world.bindings]
        leases = {name: binding.template.lease for name, binding in self._world.bindings.items()}
        return {
            "armed": self._world.armed,
            "actuators": [state | {"lease": leases[state["actuator"]]} for state in states],
            "stops": [
                {"zone": stop.zone, "by": stop.by, "reason": stop.reason} for stop in self._memory.stops.values()
            ],
            "emergencies": list(self._memory.emergencies),
        }

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return how many actuators, failures, stops and emergencies there are."""
        shadows = self._memory.shadows.values()
        return {
            "armed": self._world.armed,
            "actuators": len(self._world.bindings),
            "failed": sum(shadow.failure is not None for shadow in shadows),
            "stops": len(self._memory.stops),
            "emergencies": len(self._memory.emergencies),
            "devices_connected": self._wire.connected,
        }

    # ---- the background task

    def work(self) -> None:
        """Send the last orders, take the actuators' answers, and run a step if it is due."""
        leaving, self._outgoing = self._outgoing, []
        for outgoing in leaving:
            self._wire.send(outgoing)
        for answer in self._wire.received():
            self._take_answer(answer)
        if self._connected != self._wire.connected:
            self._connected = self._wire.connected
            self._memory, self._pressing = forget_orders(self._memory), True
            self._ask()
        now_s = self._clock.monotonic()
        if self._pressing or now_s >= self._due_s:
            self._step(now_s)
        self._wire.flush()

    def wait_s(self) -> float:
        """Return in how many seconds ``work`` is due."""
        return 0.0 if self._outgoing else max(0.0, self._due_s - self._clock.monotonic())

    def finish(self) -> None:
        """Store the on-times. A clean stop switches nothing: the leases end what is on."""
        self._repository.save(self._memory, self._clock.monotonic(), self._clock.wall().timestamp(), times=True)

    def close(self) -> None:
        """Disconnect from the actuators."""
        self._wire.close()

    # ---- internals

    def _step(self, now_s: float) -> None:
        world = self._world if self._wire.connected else replace(self._world, armed=False)
        came = step(world, self._memory, now_s)
        wall = self._clock.wall()
        for note in step_events(self._world, self._last, came):
            self._offer(note)
        self._memory = self._last = came.memory
        times = now_s >= self._times_due_s
        self._times_due_s = now_s + KEEP_TIMES_S if times else self._times_due_s
        self._repository.save(self._memory, now_s, wall.timestamp(), times=times)
        for order in came.orders:
            binding = self._world.bindings[order.actuator]
            self._outgoing += binding.order(order.level, order.command, order.falls_to)
            if not order.renewal or order.level == 0:
                self._outgoing += binding.question()
        for name in self._world.bindings:
            self._endpoint.retain(self._state(name))
        self._pressing, self._due_s = False, now_s + self._tick_s

    def _take_answer(self, answer: DeviceAnswer) -> None:
        now_s, shadows = self._clock.monotonic(), dict(self._memory.shadows)
        for name, binding in self._world.bindings.items():
            if answer.topic in binding.topics:
                report = binding.read(answer.topic, answer.payload)
                shadows[name] = take_report(self._memory.shadow(name), report, now_s, retained=answer.retained)
                self._pressing = True
        self._memory = replace(self._memory, shadows=shadows)

    def _ask(self) -> None:
        """Query every actuator's state, since orders on the last connection may have been lost."""
        for binding in self._world.bindings.values():
            self._outgoing += binding.question()

    def _state(self, name: str) -> ActuatorState:
        binding, shadow = self._world.bindings[name], self._memory.shadow(name)
        verdict, sent = self._memory.verdicts.get(name), shadow.sent
        ordered = 0.0 if verdict is None else verdict.level
        reason = "starting" if verdict is None else verdict.reason.value
        shown = self._shown.get(name)
        if shown is None or shown.what != (ordered, reason):
            text = "" if verdict is None else verdict.text
            shown = self._shown[name] = Shown((ordered, reason), text, self._clock.wall())
        return ActuatorState(
            actuator=name,
            zone=binding.actuator.zone,
            kind=binding.actuator.kind,
            since=shown.since,
            armed=self._world.armed,
            ordered=ordered,
            level=shadow.level,
            available=shadow.available,
            power_w=shadow.power_w,
            reason=reason,
            text=shown.text,
            command=None if sent is None else sent.command,
            failure=None if shadow.failure is None else f"{shadow.failure.fault}: {shadow.failure.text}",
        )

    def _offer(self, note: StepEvent) -> None:
        self._endpoint.emit(
            ServiceOffer(
                type=note.type,
                id=f"climate_supervisor/{note.type}/{note.cause}",
                time=self._clock.wall(),
                device=note.device,
                zone=note.zone,
                data=dict(note.data),
            )
        )

    def _knows(self, zone: str) -> bool:
        return zone == EVERYWHERE or zone in self._world.zones

    def _latch(self, stop: Stop) -> None:
        log.warning("emergency stop of %s by %s: %s", stop.zone, stop.by, stop.reason)
        self._memory = replace(self._memory, stops={**self._memory.stops, stop.zone: stop})
        self._pressing = True

    def _lift(self, zone: str) -> None:
        log.warning("the emergency stop of %s is released", zone)
        self._memory = replace(self._memory, stops={key: s for key, s in self._memory.stops.items() if key != zone})
        self._pressing = True


def _rfc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
