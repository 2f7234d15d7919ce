"""Jumps of the wall clock, told by the reader. No rule turns them off: whoever keeps windows goes by these events."""

from __future__ import annotations

from services.event_processor.core.latch import stamp
from services.event_processor.core.look import Look
from shared.jumps import CLOCK_STEP, IN_FRAME, Jump, read_jump


def find_jump(look: Look, name: str, event: str) -> None:
    """One event for every jump, at the time by the new clock; ``before`` is that moment by the old one."""
    if CLOCK_STEP not in look.values:
        return
    jump = read_jump(look.values, IN_FRAME)
    if jump is not None:
        times = {"before": stamp(Jump(-jump.step).moved(look.now)), "after": stamp(look.now)}
        look.tell(event, name, {**jump.values(), **times})
