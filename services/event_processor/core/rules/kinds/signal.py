"""Signals: a frame that says something happened, such as ``lifecycle: started``."""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.rules.detections import Signal


def find_signal(context: FrameContext, name: str, rule: Signal) -> None:
    """One event for every frame that carries the signal; there is no edge to wait for."""
    if context.values.get(rule.channel) == rule.equals:
        others = {channel: value for channel, value in context.values.items() if channel != rule.channel}
        context.emit(rule.event, name, others)
