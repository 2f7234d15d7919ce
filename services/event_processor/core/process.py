"""One frame in, its events out: ``process_frame`` is a pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from services.event_processor.core.channels.frame_context import Finding, FrameContext
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.rules.compiled import BELIEVED, CompiledRules, DeviceRules, RuleStep
from services.event_processor.core.rules.kinds.unclean_shutdown import BACKFILLED
from services.event_processor.core.state import device_state
from shared.messages import DeviceState, Event, Frame, Trigger, event_id

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
        return device_state(self.compiled, self.memory, self.frame)


def process_frame(compiled: CompiledRules, memory: Memory, frame: Frame) -> Outcome:
    """Return the outcome of ``frame`` for a device with this ``memory``.

    A stale or bad frame changes no condition, but its errors count. A frame that is not later than the last is
    processed, but no dwell runs on it.
    """
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
    return tuple(_event(compiled, frame, zone, repeat, found) for found in findings)


def _event(compiled: CompiledRules, frame: Frame, zone: str | None, repeat: int, found: Finding) -> Event:
    """Return the event of a finding. Its id distinguishes two frames of one device with the same time.

    Such frames come from a log of whole seconds (``repeat`` differs), or from before and after the clock was set back
    (their uptimes differ).
    """
    cause = f"{found.cause}#{repeat}" if repeat else found.cause
    if frame.uptime_s is not None:
        cause = f"{cause}@{frame.boot}/{frame.uptime_s}"
    model = compiled.models[found.type]
    own = {
        "id": event_id(compiled.site, found.type, frame.device, frame.time, cause),
        "severity": found.severity or model.severity,
        "time": frame.time,
        "device": frame.device,
        "zone": zone,
        "data": found.data,
        "metadata": {},
    }
    if _is_plain(found.data):
        return model.revised(**own)  # without validation, which costs most
    return Event(**model.model_dump(exclude_unset=True) | own)


def _is_plain(data: Mapping[str, object]) -> bool:
    """Whether data is a few numbers, flags and short words, which need no validation."""
    for value in data.values():
        if type(value) not in PLAIN or (type(value) is str and len(value) > PLAIN_CHARS):
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
