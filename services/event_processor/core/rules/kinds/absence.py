"""Absence: what has not been heard of for too long.

Rules:
1. A frame that is bad or stale, or lacks the channel, does not count as heard.
2. What is absent is absent since the last frame that counted; time is that between the device's frames.
3. A device that sends nothing at all is looked at whenever another one is heard (``core.silence``): event time runs on
   by them. When nothing is heard of anything, no time runs; that a reader is gone is seen by its last will.
"""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.device.latch import OFF, ZERO, Latch, stamp
from services.event_processor.core.rules.detections import Absence
from shared.messages import Quality

HEARD = (Quality.GOOD, Quality.SUSPECT)


def find_absence(context: FrameContext, name: str, rule: Absence) -> None:
    """The rule's event after ``after_s``, and its clearing event with the first frame that counts."""
    old = context.latches.get(name, OFF)
    heard = context.frame.quality in HEARD and (rule.channel is None or context.value(rule.channel) is not None)
    if heard:
        if old.on and rule.cleared is not None:
            context.emit(rule.cleared, name, {**_what(context, rule), "lasted_s": context.lasted_s(old)})
        context.drop_latches(name)
        return
    if old.on:
        return
    began = old.pending or context.before.time or context.now
    held = (old.held if old.pending else ZERO) + context.elapsed
    if held.total_seconds() <= rule.after_s:
        context.set_latch(name, Latch(False, None, began, held))
        return
    context.set_latch(name, Latch(True, began))
    context.emit(rule.event, name, {**_what(context, rule), "after_s": rule.after_s, "since": stamp(began)})


def _what(context: FrameContext, rule: Absence) -> dict[str, str | None]:
    return {"device_id": context.frame.device, "channel": rule.channel}
