"""A replaced battery: what was learned of the old one is forgotten."""

from __future__ import annotations

from collections.abc import Collection

from services.event_processor.core.device.keys import CAPACITY, DRAIN, FORECAST, GAUGE, LIFE, METER, MONTHS, RESISTANCE
from services.event_processor.core.device.memory import Memory

OF_THE_BATTERY = frozenset({METER, RESISTANCE, DRAIN, CAPACITY, FORECAST, GAUGE, LIFE, MONTHS})


def forget_battery(memory: Memory, ended: Collection[str]) -> Memory:
    """Return the memory without what was learned of the battery, and without the latches that have ``ended``."""
    return memory._replace(
        latches={name: latch for name, latch in memory.latches.items() if name not in ended},
        numbers={name: numbers for name, numbers in memory.numbers.items() if name not in OF_THE_BATTERY},
    )
