"""Which rules a replaced battery ends: those that had asked for its replacement."""

from __future__ import annotations

from services.event_processor.core.device.latch import OFF
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.rules.compiled import CompiledRules

REPLACE = "BATTERY_REPLACE"


def replaced_rules(compiled: CompiledRules, device: str, memory: Memory) -> dict[str, str]:
    """Return the rules that ask for a new battery, each with the event type that ends it."""
    rules = (step for _, _, step in compiled.device_rules(device).believed)
    return {
        name: rule.cleared
        for _, name, rule in rules
        if getattr(rule, "event", None) == REPLACE and rule.cleared and memory.latches.get(name, OFF).on
    }
