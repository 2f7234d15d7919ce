"""One frame in, its events out: ``process_frame`` is a pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from services.event_processor.core.channels.conceivable import conceivable
from services.event_processor.core.channels.frame_context import Finding, FrameContext
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.rules.compiled import BELIEVED, CompiledRules, DeviceRules, RuleStep
from services.event_processor.core.rules.kinds.unclean_shutdown import BACKFILLED
from services.event_processor.core.state import STATE, device_state
from shared.messages import DeviceState, Event, Frame, Severity, Trigger, event_id

PLAIN, PLAIN_FIELDS, PLAIN_CHARS = (float, bool, str), 40, 128  # an int may be too large for a consumer


class Outcome(NamedTuple):
    """The outcome of one frame: the memory for the next, the events in ``ORDER``, and their triggers."""

    compiled: CompiledRules
    frame: Frame
    memory: Memory
    events: tuple[Event, ...] = ()

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The named triggers of the events, in the events' order."""
        return triggers_of(self.compiled, self.events) if self.events else ()

    @property
    def state(self) -> DeviceState:
        """The device's state, computed on demand: a batch needs only its last."""
        return device_state(self.compiled, self.memory, self.frame, STATE)


def process_frame(compiled: CompiledRules, memory: Memory, frame: Frame) -> Outcome:
    """Return the outcome of ``frame`` for a device with this ``memory``.

    What no device can have measured is left out first. A stale or bad frame changes no condition, but its errors count.
    A frame that is not later than the last is processed, but no dwell runs on it.
    """
    frame = conceivable(frame)
    device_rules = compiled.device_rules(frame.device)
    return run_steps(compiled, device_rules, memory, frame, device_rules.steps(frame, memory))


def run_steps(
    compiled: CompiledRules,
    device_rules: DeviceRules,
    memory: Memory,
    frame: Frame,
    steps: tuple[RuleStep, ...],
    look: Callable[..., FrameContext] = FrameContext,
) -> Outcome:
    """Return the outcome of these rules; ``look`` makes their context, so that ``core.tracing`` can note decisions."""
    context = look(device_rules.device, compiled.channels, memory, frame)
    for apply, name, rule in steps:
        apply(context, name, rule)
    now = context.now
    repeat = memory.repeat + 1 if memory.time == now else 0
    after = Memory(
        now,
        repeat,
        context.seen,
        context.latches,
        frame.boot,
        frame.uptime_s,
        frame.clock,
        context.steady_s,
        context.words,
        context.numbers,
        context.elapsed_s or memory.step_s,
        0.0 if frame.quality in BELIEVED else context.gap_s,
    )
    if not context.findings:
        return Outcome(compiled, frame, after)
    return Outcome(compiled, frame, after, events_of(compiled, frame, context.findings, repeat))


def events_of(compiled: CompiledRules, frame: Frame, findings: Sequence[Finding], repeat: int = 0) -> tuple[Event, ...]:
    """Return the events of a frame's findings; ``repeat``: how many frames of the same time came before."""
    zone = frame.zone or compiled.device_rules(frame.device).device.zone
    mark = _mark(frame, repeat)
    return tuple([_event(compiled, frame, zone, mark, *found) for found in findings])


def _mark(frame: Frame, repeat: int) -> str:
    """Return what the ids of a frame's events add to a cause: it tells two frames of one device and time apart.

    Such frames come from a log of whole seconds (``repeat`` differs), or from before and after the clock was set back
    (their uptimes differ).
    """
    mark = f"#{repeat}" if repeat else ""
    return mark if frame.uptime_s is None else f"{mark}@{frame.boot}/{frame.uptime_s}"


def _event(
    compiled: CompiledRules,
    frame: Frame,
    zone: str | None,
    mark: str,
    event_type: str,
    cause: str,
    data: dict[str, Any],
    severity: Severity | None,
) -> Event:
    """Return the event of a finding."""
    model, device, time = compiled.models[event_type], frame.device, frame.time
    event = model.revised(
        id=event_id(compiled.site, event_type, device, time, cause + mark),
        severity=severity or model.severity,
        time=time,
        device=device,
        zone=zone,
        data=data,
        metadata={},
    )
    if _is_plain(data):
        return event  # without validation, which costs most
    return Event(**{name: value for name, value in event.__dict__.items() if name in event.model_fields_set})


def _is_plain(data: Mapping[str, object]) -> bool:
    """Whether data is a few numbers, flags and short words, which need no validation."""
    for value in data.values():
        kind = type(value)
        if kind not in PLAIN or (kind is str and len(value) > PLAIN_CHARS):  # type: ignore[arg-type]  # a text
            return False
    return len(data) <= PLAIN_FIELDS


def triggers_of(compiled: CompiledRules, events: Sequence[Event]) -> tuple[Trigger, ...]:
    """Return the catalogue's triggers of the events; an event that is backfilled has none."""
    return tuple(
        Trigger(
            name=name,
            event=event.id,
            type=event.type,
            time=event.time,
            severity=event.severity,
            device=event.device,
            zone=event.zone,
            data=event.data,
        )
        for event in events
        if not event.data.get(BACKFILLED)
        for name in compiled.catalogue[event.type].triggers
    )
