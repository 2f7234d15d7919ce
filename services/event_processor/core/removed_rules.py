"""Removed rules: what one began ends with the next frame of its device, as if its condition were over."""

from __future__ import annotations

from typing import Any

from services.event_processor.core.channels.frame_context import ENDS, Finding, lasted_s, since
from services.event_processor.core.device.keys import OWNERS, RESERVED
from services.event_processor.core.device.latch import Latch
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.process import Outcome, events_of
from services.event_processor.core.rules.compiled import CompiledRules
from shared.messages import Frame

RULE_REMOVED = "rule_removed"


def end_removed_rules(compiled: CompiledRules, memory: Memory, frame: Frame) -> Outcome:
    """Return the memory without the latches of removed rules, and the events that end them.

    Call it with the first frame after a start, before the frame itself.
    """
    names = compiled.device_rules(frame.device).names
    removed = {name: latch for name, latch in memory.latches.items() if _is_removed(name, names)}
    if not removed:
        return Outcome(compiled, frame, memory)
    findings = [
        Finding(memory.words[f"{ENDS}{name}"], f"{name}|{RULE_REMOVED}", _data(name, latch, frame))
        for name, latch in removed.items()
        if latch.on and memory.words.get(f"{ENDS}{name}") in compiled.catalogue
    ]
    after = memory._replace(
        latches={name: latch for name, latch in memory.latches.items() if name not in removed},
        words={name: word for name, word in memory.words.items() if name.removeprefix(ENDS) not in removed},
    )
    return Outcome(compiled, frame, after, events_of(compiled, frame, findings))


def _is_removed(latch: str, names: frozenset[str]) -> bool:
    name = latch.partition("/")[0].removesuffix("?")
    if latch in OWNERS:
        return OWNERS[latch] not in names
    return name not in names and name not in RESERVED


def _data(name: str, latch: Latch, frame: Frame) -> dict[str, Any]:
    rule, _, channel = name.partition("/")
    data: dict[str, Any] = {"rule": rule, "channel": channel or None, "because": RULE_REMOVED, "since": since(latch)}
    data["lasted_s"] = lasted_s(latch, frame.time)
    return {key: value for key, value in data.items() if value is not None}
