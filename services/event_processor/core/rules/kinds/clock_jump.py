"""Jumps of the wall clock, as the reader reports them. No rule turns them off: all windows go by these events."""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.device.latch import stamp
from shared.jumps import CLOCK_STEP, IN_FRAME, Jump, read_jump


def find_jump(context: FrameContext, name: str, event: str) -> None:
    """One event for every jump, at the time by the new clock; ``before`` is that moment by the old one."""
    if CLOCK_STEP not in context.values:
        return
    jump = read_jump(context.values, IN_FRAME)
    if jump is not None:
        times = {"before": stamp(Jump(-jump.step).moved(context.now)), "after": stamp(context.now)}
        context.emit(event, name, {**jump.values(), **times})
