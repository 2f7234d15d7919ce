"""Devices that say nothing at all: looked at when another one is heard, for event time runs on by that.

Rules:
1. A silence is told at the first frame of anything that comes more than ``after_s`` after the device was last heard.
   So the same frames tell the same silences however they are batched; where nothing comes, nothing is told.
2. A device that a rule names is waited for from the first frame of anything.
3. When to look again is worked out only when something is due: a frame costs one comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from services.event_processor.core.device.latch import OFF, ZERO
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.process import Outcome, run_steps
from services.event_processor.core.rules.compiled import CompiledRules
from shared.messages import Frame, Quality


class Silences:
    """Who may be silent for too long. Follows from the memories alone, so nothing of it has to be kept."""

    def __init__(self, compiled: CompiledRules) -> None:
        self._compiled = compiled
        self._known: set[str] = set()
        self._due: datetime | None = None
        self.watches = bool(compiled.other.silent or any(plan.silent for plan in compiled.by_device.values()))

    def heard(self, frame: Frame, memories: Mapping[str, Memory]) -> Iterator[tuple[str, Outcome]]:
        """Yield (device, outcome) of every other device that is silent for too long when ``frame`` comes, by name."""
        if frame.device in self._known and self._due is not None and frame.time <= self._due:
            return
        for name in sorted({*memories, *self._compiled.awaited}):
            if name != frame.device:
                yield from self._look(name, memories.get(name), frame)
        self._known |= {*memories, *self._compiled.awaited, frame.device}
        self._due = min(
            (due for name in self._known for due in self._dues(name, memories.get(name), frame)), default=None
        )

    def moved(self) -> None:
        """Work out anew when to look: the clock was put on or back."""
        self._due = None

    def _look(self, name: str, memory: Memory | None, frame: Frame) -> Iterator[tuple[str, Outcome]]:
        plan = self._compiled.device_rules(name)
        begins = memory is None or memory.time is None
        if begins or any(frame.time > due for due in self._dues(name, memory, frame)):
            nothing = Frame(
                time=frame.time,
                device=name,
                quality=Quality.STALE,
                boot=frame.boot,
                uptime_s=frame.uptime_s,
                clock=frame.clock,
            )
            yield name, run_steps(self._compiled, plan, memory or Memory(), nothing, plan.silent)

    def _dues(self, name: str, memory: Memory | None, frame: Frame) -> Iterator[datetime]:
        """Yield when each rule may be due, never too late: what is heard in between only puts it off."""
        for _, rule_name, rule in self._compiled.device_rules(name).silent:
            after = timedelta(seconds=rule.after_s)
            latch = OFF if memory is None else memory.latches.get(rule_name, OFF)
            if memory is None or memory.time is None or (latch.on and name == frame.device):
                yield frame.time + after
            elif not latch.on:
                yield memory.time + after - (latch.held if latch.pending else ZERO)
