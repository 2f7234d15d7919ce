"""Signals: a frame that reports something that happened, such as ``lifecycle: started``."""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.rules.detections import Signal


def find_signal(context: FrameContext, name: str, rule: Signal) -> None:
    """Emit an event for every frame with the signal, also for several in a row."""
    if context.values.get(rule.channel) == rule.equals:
        others = {channel: value for channel, value in context.values.items() if channel != rule.channel}
        context.emit(rule.event, name, others)
