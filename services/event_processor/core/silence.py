"""Devices that send nothing: judged when a frame of another device comes, because that moves event time on.

Rules:
1. A silence is reported at the first frame of any device that comes more than the silent device's patience after its
   last frame. So the same frames report the same silences, however they are batched; without frames none is reported.
2. For a device that a rule names the time runs from the first frame of any device.
3. A heap has a time for each device that is never too late: frames in between only postpone it. So a frame costs one
   comparison, and a device one check in each of its patiences.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from services.event_processor.core.device.latch import OFF, shifted
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.process import Outcome, run_steps
from services.event_processor.core.rules.compiled import CompiledRules
from services.event_processor.core.rules.kinds.absence import patience_s
from shared.messages import Frame, Quality


class Silences:
    """The devices that may be silent for too long. It follows from the memories alone, so it is not stored."""

    def __init__(self, compiled: CompiledRules, run: Callable[..., Outcome] = run_steps) -> None:
        self._compiled = compiled
        self._run = run
        self._due: list[tuple[datetime, str]] = []
        self._waiting: dict[str, datetime] = {}  # the devices in the heap, each with its first time there
        self._begun = False
        self.watches = bool(compiled.other.silent or any(each.silent for each in compiled.by_device.values()))

    def heard(self, frame: Frame, memories: Mapping[str, Memory]) -> Iterator[tuple[str, Outcome]]:
        """Yield (device, outcome) of every other device that is silent for too long when ``frame`` comes, by name.

        ``memories`` must hold each outcome before the next is asked for.
        """
        late = set[str]() if self._begun else {*memories, *self._compiled.awaited}
        self._begun = True
        while self._due and self._due[0][0] < frame.time:
            due, name = heapq.heappop(self._due)
            late.add(name)
            if self._waiting.get(name) == due:
                del self._waiting[name]
        for name in sorted(late - {frame.device}):
            yield from self._look(name, memories.get(name), frame)
        for name in {*late, frame.device}:
            self._wait(name, memories.get(name), frame)

    def moved(self) -> None:
        """Compute all due times anew, after a jump of the clock."""
        self._due.clear()
        self._waiting.clear()
        self._begun = False

    def forget(self, device: str) -> None:
        """Remove a device; its entries in the heap are skipped when they are due."""
        self._waiting.pop(device, None)

    def _wait(self, name: str, memory: Memory | None, frame: Frame) -> None:
        due = min(self._dues(name, memory, frame), default=None)
        if due is not None and (name not in self._waiting or due < self._waiting[name]):
            heapq.heappush(self._due, (due, name))
            self._waiting[name] = due

    def _look(self, name: str, memory: Memory | None, frame: Frame) -> Iterator[tuple[str, Outcome]]:
        rules = self._compiled.device_rules(name)
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
            outcome = self._run(self._compiled, rules, memory or Memory(), nothing, rules.silent)
            step_s = None if memory is None else memory.step_s  # this frame is not the device's own
            yield name, outcome._replace(memory=outcome.memory._replace(step_s=step_s))

    def _dues(self, name: str, memory: Memory | None, frame: Frame) -> Iterator[datetime]:
        """Yield when each rule may be due, never too late: frames in between only postpone it."""
        rules = self._compiled.device_rules(name)
        for _, rule_name, rule in rules.silent:
            after_s = patience_s(rule, rules.device, memory)
            latch = OFF if memory is None else memory.latches.get(rule_name, OFF)
            if memory is None or memory.time is None or name == frame.device:
                yield shifted(frame.time, rule.after_s)  # this frame may shorten the device's own step
            elif not latch.on:
                held_s = latch.held.total_seconds() if latch.pending else 0.0
                yield shifted(memory.time, after_s - held_s)
