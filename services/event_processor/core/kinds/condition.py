"""Conditions: evidence of several channels together, and faults: what the frame itself says of its data."""

from __future__ import annotations

from typing import Any

from services.event_processor.core.detections import Condition, Fault, Told
from services.event_processor.core.evidence import Evidence
from services.event_processor.core.latch import OFF
from services.event_processor.core.look import Look, rounded, since


def find_condition(look: Look, name: str, rule: Condition) -> None:
    """Its event when the condition has lasted, and its clearing event when it is over; unknown holds it."""
    old = look.latches.get(name, OFF)
    wish = _holds(look, rule, old.raw)
    if wish is None or (wish == old.on and old.pending is None):
        return
    if wish and not old.on and not look.open(rule.only_while):
        wish = False
    _turn(look, name, rule, wish, {e.channel: _shown(look, e.channel) for e in rule.evidence()})


def find_fault(look: Look, name: str, rule: Fault) -> None:
    """The same for frames of a quality, or with errors of a code."""
    frame = look.frame
    named = [error for error in frame.errors if error.code in rule.codes]
    told = {"quality": frame.quality.value, "errors": [error.model_dump() for error in named] or None}
    _turn(look, name, rule, bool(named) or frame.quality in rule.quality, told)
    left = look.latches.get(name)
    if left is not None and not left.raw and not left.on:
        look.drop(name)  # nothing is left of it: clean frames need not look at it again


def _turn(look: Look, name: str, rule: Told, wish: bool, told: dict[str, Any]) -> None:
    old = look.latches.get(name, OFF)
    if wish == old.on and old.pending is None:
        return
    new = look.settle(name, wish, rule.enter_for_s, rule.clear_for_s)
    if new.on == old.on:
        return
    event = rule.event if new.on else rule.cleared
    if event is not None:
        spell = {"since": since(new), "lasted_s": None if new.on else look.lasted_s(old)}
        look.tell(event, name, {"rule": name, **told, **spell})


def _holds(look: Look, rule: Condition, was: bool) -> bool | None:
    """Return whether it holds; None where one word is missing that would decide."""
    unknown = False
    for evidence in rule.all:
        value = look.value(evidence.channel)
        word = None if value is None else evidence.judge(value, was)
        if word is False:
            return False
        unknown = unknown or word is None
    if rule.any:
        one = _one(look, rule.any, was)
        if one is False:
            return False
        unknown = unknown or one is None
    return None if unknown else True


def _one(look: Look, chain: tuple[Evidence, ...], was: bool) -> bool | None:
    """Return whether one of them holds. A channel that the device has never shown has no say."""
    words: list[bool | None] = []
    for evidence in chain:
        value = look.value(evidence.channel)
        if value is not None:
            look.meet(evidence.channel)
            words.append(evidence.judge(value, was))
        elif evidence.channel in look.seen:
            words.append(None)
    return True if True in words else None if None in words or not words else False


def _shown(look: Look, channel: str) -> float | str | None:
    value = look.value(channel)
    return value if value is None or isinstance(value, bool | str) else rounded(channel, value)
