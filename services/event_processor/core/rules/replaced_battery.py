"""Which rules end when a battery is replaced: those that asked for it."""

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
