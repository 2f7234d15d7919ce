"""Absence: what has not been heard of for too long.

Rules:
1. A frame that is bad or stale, or lacks the channel, does not count as heard.
2. What is absent is absent since the last frame that counted; time is that between the device's frames.
3. A device that sends nothing at all is looked at whenever another one is heard (``core.silence``): event time runs on
   by them. When nothing is heard of anything, no time runs; that a reader is gone is seen by its last will.
"""

from __future__ import annotations

from services.event_processor.core.detections import Absence
from services.event_processor.core.latch import OFF, ZERO, Latch, stamp
from services.event_processor.core.look import Look
from shared.messages import Quality

HEARD = (Quality.GOOD, Quality.SUSPECT)


def find_absence(look: Look, name: str, rule: Absence) -> None:
    """The rule's event after ``after_s``, and its clearing event with the first frame that counts."""
    old = look.latches.get(name, OFF)
    heard = look.frame.quality in HEARD and (rule.channel is None or look.value(rule.channel) is not None)
    if heard:
        if old.on and rule.cleared is not None:
            look.tell(rule.cleared, name, {**_what(look, rule), "lasted_s": look.lasted_s(old)})
        look.drop(name)
        return
    if old.on:
        return
    began = old.pending or look.before.time or look.now
    held = (old.held if old.pending else ZERO) + look.elapsed
    if held.total_seconds() <= rule.after_s:
        look.put(name, Latch(False, None, began, held))
        return
    look.put(name, Latch(True, began))
    look.tell(rule.event, name, {**_what(look, rule), "after_s": rule.after_s, "since": stamp(began)})


def _what(look: Look, rule: Absence) -> dict[str, str | None]:
    return {"device_id": look.frame.device, "channel": rule.channel}
