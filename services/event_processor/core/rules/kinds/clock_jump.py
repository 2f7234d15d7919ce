"""Jumps of the wall clock, as sensor_reader reports them. They cannot be turned off: all windows need these events."""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.device.latch import stamp
from shared.jumps import CLOCK_STEP, IN_FRAME, Jump, read_jump


def find_jump(context: FrameContext, name: str, event: str) -> None:
    """Emit an event for every jump, with the time of the new clock; ``before`` is that moment by the old clock."""
    if CLOCK_STEP not in context.values:
        return
    jump = read_jump(context.values, IN_FRAME)
    if jump is not None:
        times = {"before": stamp(Jump(-jump.step).moved(context.now)), "after": stamp(context.now)}
        context.emit(event, name, {**jump.values(), **times})
