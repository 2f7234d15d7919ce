"""Absence: no frame has come for too long.

Rules:
1. A frame that is bad or stale, or lacks the channel, does not count.
2. An absence lasts from the last frame that counted; time is that between the device's frames.
3. A device whose own step is longer than ``after_s`` is absent after ``STEPS`` of them, so that one read every quarter
   of an hour is not missed after five minutes. Until two frames have come its step is ``interval_s``, where known.
4. A device that sends nothing is judged when a frame of another device comes (``core.silence``), by event time. Without
   any frames no time passes; the last will shows that a reader is gone.
"""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import Device, FrameContext
from services.event_processor.core.device.latch import OFF, ZERO, Latch, stamp
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.rules.detections import Absence
from shared.messages import Quality

STEPS = 2.5
HEARD = (Quality.GOOD, Quality.SUSPECT)


def find_absence(context: FrameContext, name: str, rule: Absence) -> None:
    """Emit the rule's event after ``after_s``, and its clearing event with the first frame that counts."""
    old = context.latches.get(name, OFF)
    heard = context.frame.quality in HEARD and (rule.channel is None or context.value(rule.channel) is not None)
    if heard:
        if old.on and rule.cleared is not None:
            context.emit(rule.cleared, name, {**_what(context, rule), "lasted_s": context.lasted_s(old)})
        context.drop_latches(name)
        context.set_end(name, None)
        return
    if old.on:
        return
    began = old.pending or context.before.time or context.now
    held = (old.held if old.pending else ZERO) + context.before.elapsed(context.frame)
    if held.total_seconds() <= patience_s(rule, context.device, context.before):
        context.set_latch(name, Latch(False, None, began, held))
        return
    context.set_latch(name, Latch(True, began))
    context.set_end(name, rule.cleared)
    context.emit(rule.event, name, {**_what(context, rule), "after_s": rule.after_s, "since": stamp(began)})


def patience_s(rule: Absence, device: Device, memory: Memory | None) -> float:
    """Return how long the device may send nothing, s: ``after_s``, or ``STEPS`` of its steps where one is longer."""
    step_s = (None if memory is None else memory.step_s) or device.interval_s or 0.0
    return rule.after_s if step_s <= rule.after_s else STEPS * step_s


def _what(context: FrameContext, rule: Absence) -> dict[str, str | None]:
    return {"device_id": context.frame.device, "channel": rule.channel}
