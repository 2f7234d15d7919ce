"""The events of a step, each with an id that follows from its cause, so that it is counted once.

Only changes are events: a verdict that lasts for an hour is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.climate_supervisor.core.guards import Verdict
from services.climate_supervisor.core.reasons import VIOLATIONS, Reason
from services.climate_supervisor.core.shadow import Ended, Shadow
from services.climate_supervisor.core.supervise import Memory, StepResult, World
from shared.actuators import action

RECOVERY = "safe_state"  # the recovery from every actuator's error


@dataclass(frozen=True, slots=True)
class StepEvent:
    """An event to offer. ``cause`` is unique for its type, over restarts too."""

    type: str
    cause: str
    device: str | None
    zone: str
    data: Mapping[str, object] = field(default_factory=dict)


def step_events(world: World, before: Memory, came: StepResult) -> tuple[StepEvent, ...]:
    """Return the events of a step."""
    return (*_emergencies(world, before, came.memory), *_actuators(world, before, came))


def _emergencies(world: World, before: Memory, after: Memory) -> Iterator[StepEvent]:
    for zone, heat in after.emergencies.items():
        if zone not in before.emergencies:
            reason = f"{heat.device} read {heat.value:g} °C, and no second sensor disproves it"
            cause = f"{world.run}/{zone}/{heat.since_s:.3f}"
            yield StepEvent("system.emergency", cause, None, zone, {"zone": zone, "reason": reason, "by": "supervisor"})


def _actuators(world: World, before: Memory, came: StepResult) -> Iterator[StepEvent]:
    ended = dict(came.ended)
    for name, binding in world.bindings.items():
        zone = binding.actuator.zone
        old, new = before.shadow(name), came.memory.shadow(name)
        verdict = came.memory.verdicts[name]
        yield from _outcome(name, zone, ended.get(name), verdict)
        yield from _error(world, name, zone, old, new)
        yield from _state(world, name, zone, old, new, verdict)
        yield from _run(world, name, zone, old, new, verdict)
        yield from _violation(world, name, zone, before.verdicts.get(name), verdict, came.memory.count)


def _outcome(name: str, zone: str, ended: Ended | None, verdict: Verdict) -> Iterator[StepEvent]:
    if ended is None:
        return
    sent = ended.sent
    data: dict[str, object] = {"device_id": name, "action": action(sent.level), "command": sent.command}
    if ended.failure is None:
        data["reason"] = verdict.reason.value
        yield StepEvent("device.action.success", sent.command, name, zone, data)
    else:
        data["reason"] = ended.failure.text
        yield StepEvent("device.action.failed", sent.command, name, zone, data)


def _error(world: World, name: str, zone: str, old: Shadow, new: Shadow) -> Iterator[StepEvent]:
    failure = new.failure
    if failure is None or (old.failure is not None and old.failure.fault is failure.fault):
        return
    data: dict[str, object] = {
        "device_id": name,
        "error_code": failure.fault.value,
        "message": failure.text,
        "recovery_action": RECOVERY,
    }
    yield StepEvent("device.error", f"{world.run}/{name}/{failure.fault}/{failure.at_s:.3f}", name, zone, data)


def _state(world: World, name: str, zone: str, old: Shadow, new: Shadow, verdict: Verdict) -> Iterator[StepEvent]:
    """Yield changes of the reported state since the step before, which ``old`` is of."""
    if new.level is None or new.level == old.level:
        return
    data: dict[str, object] = {
        "device_id": name,
        "new_state": "on" if new.level > 0 else "off",
        "power_level": round(new.level * 100),
        "trigger": verdict.reason.value,
    }
    if old.level is not None:
        data["old_state"] = "on" if old.level > 0 else "off"
    yield StepEvent("device.state.changed", f"{world.run}/{name}/{new.heard_s or 0:.3f}", name, zone, data)


def _run(world: World, name: str, zone: str, old: Shadow, new: Shadow, verdict: Verdict) -> Iterator[StepEvent]:
    if old.times.on_since_s is None or new.times.on_since_s is not None or not new.times.spans:
        return
    begin, end = new.times.spans[-1]
    data: dict[str, object] = {
        "device_id": name,
        "action": "on",
        "duration": round(end - begin, 1),
        "reason": verdict.reason.value,
        "success": new.failure is None,
    }
    yield StepEvent("device.action.executed", f"{world.run}/{name}/{end:.3f}", name, zone, data)


def _violation(
    world: World, name: str, zone: str, old: Verdict | None, new: Verdict, count: int
) -> Iterator[StepEvent]:
    if new.reason not in VIOLATIONS or (old is not None and old.reason is new.reason):
        return
    data: dict[str, object] = {
        "rule": new.reason.value,
        "device_id": name,
        "zone": zone,
        "action": action(new.level),
        "reason": new.text,
    }
    yield StepEvent("safety.violation", f"{world.run}/{name}/{new.reason}/{count}", name, zone, data)


def is_alarm(reason: Reason) -> bool:
    """Return whether a reason needs a person at once."""
    return reason in (Reason.EMERGENCY_STOP, Reason.HEAT_EMERGENCY, Reason.ACTUATOR_FAILED)
