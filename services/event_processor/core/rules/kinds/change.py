"""Changes: of a channel that is a word, and of the quality of a sensor's frames."""

from __future__ import annotations

from datetime import datetime

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.device.latch import OFF, stamp
from services.event_processor.core.rules.detections import Change
from services.event_processor.core.rules.kinds.reading import SENSOR
from services.event_processor.core.rules.sections import Quality


def find_change(context: FrameContext, name: str, rule: Change) -> None:
    """Emit an event for a new value that has lasted ``for_s``; the first value makes none."""
    value = context.value(rule.channel)
    if value is None:
        return
    turned = _turned(context, name, _text(value), rule.for_s)
    if turned is not None:
        old, since = turned
        data = {"device_id": context.frame.device, "channel": rule.channel, "since": stamp(since)}
        context.emit(rule.event, name, {**data, "old_state": old, "new_state": _text(value)})


def find_quality(context: FrameContext, name: str, rule: Quality) -> None:
    """Emit an event for a new quality of a device with a sensor, in the same way."""
    if SENSOR not in context.seen:
        return
    quality = context.frame.quality.value
    turned = _turned(context, name, quality, rule.for_s)
    if turned is not None:
        old, since = turned
        data = {"sensor_id": context.frame.device, "old_quality": old, "new_quality": quality}
        context.emit(rule.event, name, {**data, "since": stamp(since)})


def _turned(context: FrameContext, name: str, word: str, for_s: float) -> tuple[str, datetime] | None:
    """Return the word before and since when the new one holds, once that has lasted ``for_s``; else None."""
    held, other = context.words.get(name), f"{name}?"
    if held is None:
        context.set_word(name, word)
        return None
    if word == held:
        if other in context.latches:
            context.drop_latches(other)
        return None
    if context.words.get(other) != word:  # a third word begins its own dwell
        context.set_word(other, word)
        context.drop_latches(other)
    old = context.latches.get(other, OFF)
    new = context.debounce(old, True, for_s)
    if not new.on:
        context.set_latch(other, new)
        return None
    context.drop_latches(other)
    context.words = {**{key: kept for key, kept in context.words.items() if key != other}, name: word}
    return held, new.began or context.now


def _text(value: float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
