"""Signals: a frame that says something happened, such as ``lifecycle: started``."""

from __future__ import annotations

from services.event_processor.core.detections import Signal
from services.event_processor.core.look import Look


def find_signal(look: Look, name: str, rule: Signal) -> None:
    """One event for every frame that carries the signal; there is no edge to wait for."""
    if look.values.get(rule.channel) == rule.equals:
        others = {channel: value for channel, value in look.values.items() if channel != rule.channel}
        look.tell(rule.event, name, others)
