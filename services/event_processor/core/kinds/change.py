"""Changes of state: of a channel that is a word, and of how far a sensor's readings can be believed."""

from __future__ import annotations

from datetime import datetime

from services.event_processor.core.detections import Change
from services.event_processor.core.kinds.reading import SENSOR
from services.event_processor.core.latch import OFF, debounce, stamp
from services.event_processor.core.look import Look
from services.event_processor.core.rules import Quality


def find_change(look: Look, name: str, rule: Change) -> None:
    """One event for a new value that has lasted; the first one seen is where it begins."""
    value = look.value(rule.channel)
    if value is None:
        return
    turned = _turned(look, name, _text(value), rule.for_s)
    if turned is not None:
        old, since = turned
        told = {"device_id": look.frame.device, "channel": rule.channel, "since": stamp(since)}
        look.tell(rule.event, name, {**told, "old_state": old, "new_state": _text(value)})


def find_quality(look: Look, name: str, rule: Quality) -> None:
    """The same of the quality of a device that has a sensor, believable or not."""
    if SENSOR not in look.seen:
        return
    turned = _turned(look, name, look.frame.quality.value, rule.for_s)
    if turned is not None:
        old, since = turned
        told = {"sensor_id": look.frame.device, "old_quality": old, "new_quality": look.frame.quality.value}
        look.tell(rule.event, name, {**told, "since": stamp(since)})


def _turned(look: Look, name: str, word: str, for_s: float) -> tuple[str, datetime] | None:
    """Return the word before and since when it is another, once that has lasted ``for_s``."""
    held, other = look.words.get(name), f"{name}?"
    if held is None:
        look.say(name, word)
        return None
    if word == held:
        look.drop(other)
        return None
    if look.words.get(other) != word:  # a third word begins its own dwell
        look.say(other, word)
        look.drop(other)
    old = look.latches.get(other, OFF)
    new = debounce(old, True, for_s, look.now, look.elapsed)
    if not new.on:
        look.put(other, new)
        return None
    look.drop(other)
    look.words = {**{key: kept for key, kept in look.words.items() if key != other}, name: word}
    return held, new.began or look.now


def _text(value: float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
