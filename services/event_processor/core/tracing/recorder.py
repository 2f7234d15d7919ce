"""The decisions behind one frame's outcome, as values. The rules do not know of it, so it costs nothing when not used.

The rules work on ``RecordingContext`` in place of ``FrameContext``; it behaves the same and notes what was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from services.event_processor.core.channels.conceivable import conceivable
from services.event_processor.core.channels.evidence import Evidence
from services.event_processor.core.channels.frame_context import Finding, FrameContext
from services.event_processor.core.device.keys import METER, TREND
from services.event_processor.core.device.latch import Latch
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.device.meter import read_meter
from services.event_processor.core.process import Outcome, run_steps
from services.event_processor.core.rules.compiled import JUMP, ORDER, CompiledRules, DeviceRules, RuleStep
from services.event_processor.core.rules.kinds.voltage_trend import SLOPE
from shared.messages import Event, Frame

JUMPS = "jump"
SECTIONS = {kind.apply: section for section, kind in ORDER.items()} | {JUMP[0]: JUMPS}
VOLTAGE_SLOPE = "voltage_slope"  # judged by the voltage trend; not a channel
CYCLES = "charge_cycles"


class Turn(NamedTuple):
    """One update of a latch: its target, the dwell in s, the latch before and after."""

    latch: str
    target: bool
    dwell_s: float
    before: Latch
    after: Latch
    at: datetime


@dataclass(slots=True)
class Decision:
    """What one rule decided by one frame. ``shown``: the channels that it read; ``gates``: whether each was open."""

    section: str
    name: str
    rule: Any
    shown: dict[str, Any] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    gates: dict[str, bool] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


class FrameTrace(NamedTuple):
    """One frame, the memory before it, its outcome, and the decisions in the order of the rules."""

    frame: Frame
    before: Memory
    outcome: Outcome
    decisions: tuple[Decision, ...]

    def behind(self, event: Event) -> Decision | None:
        """Return the decision that made an event; None for an event of another frame."""
        makers = [decision for decision in self.decisions for _ in decision.findings]
        for made, decision in zip(self.outcome.events, makers, strict=True):
            if made.id == event.id:
                return decision
        return None


class RecordingContext(FrameContext):
    """A FrameContext that notes what the present rule reads and how its latches move."""

    __slots__ = ("_latch", "at_work", "decisions")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.decisions: list[Decision] = []
        self.at_work = Decision("", "", None)
        self._latch = ""

    def number(self, channel: str) -> float | None:
        """As ``FrameContext.number``; noted."""
        found = super().number(channel)
        self.at_work.shown[channel] = found
        return found

    def first_evidence(self, chain: Any, was: bool | None) -> Any:
        """As ``FrameContext.first_evidence``; the channel is noted."""
        value, evidence = super().first_evidence(chain, was)
        if isinstance(evidence, Evidence):
            self.at_work.shown[evidence.channel] = self.values.get(evidence.channel)
        return value, evidence

    def gate_open(self, gate: str | None) -> bool:
        """As ``FrameContext.gate_open``; noted."""
        is_open = super().gate_open(gate)
        if gate is not None:
            self.at_work.gates[gate] = is_open
        return is_open

    def update_latch(self, name: str, target: bool, on_for_s: float, off_for_s: float) -> Latch:
        """As ``FrameContext.update_latch``; noted under the latch's name."""
        self._latch = name
        found = super().update_latch(name, target, on_for_s, off_for_s)
        self._latch = ""
        return found

    def debounce(self, latch: Latch, target: bool, dwell_s: float) -> Latch:
        """As ``FrameContext.debounce``; noted."""
        after = super().debounce(latch, target, dwell_s)
        self.at_work.turns.append(Turn(self._latch, target, dwell_s, latch, after, self.now))
        return after


class Recorder:
    """Has the functions of ``core.process``, to use in their place; calls ``take`` with each trace."""

    def __init__(self, take: Callable[[FrameTrace], object]) -> None:
        self._take = take

    def process_frame(self, compiled: CompiledRules, memory: Memory, frame: Frame) -> Outcome:
        """As ``core.process.process_frame``."""
        frame = conceivable(frame)
        rules = compiled.device_rules(frame.device)
        return self.run_steps(compiled, rules, memory, frame, rules.steps(frame, memory))

    def run_steps(
        self, compiled: CompiledRules, rules: DeviceRules, memory: Memory, frame: Frame, steps: tuple[RuleStep, ...]
    ) -> Outcome:
        """As ``core.process.run_steps``."""
        contexts: list[RecordingContext] = []

        def record_context(*given: Any) -> FrameContext:
            contexts.append(RecordingContext(*given))
            return contexts[-1]

        outcome = run_steps(compiled, rules, memory, frame, tuple(map(_noted, steps)), record_context)
        self._take(FrameTrace(frame, memory, outcome, tuple(contexts[0].decisions)))
        return outcome


def _noted(step: RuleStep) -> RuleStep:
    apply, name, rule = step
    section = SECTIONS[apply]

    def applied(context: FrameContext, name: str, rule: Any) -> None:
        if not isinstance(context, RecordingContext):
            raise TypeError("a noted step wants a RecordingContext")
        decision = context.at_work = Decision(section, name, rule)
        context.decisions.append(decision)
        earlier = len(context.findings)
        apply(context, name, rule)
        decision.findings += context.findings[earlier:]
        _note_sums(decision, context)

    return applied, name, rule


def _note_sums(decision: Decision, context: FrameContext) -> None:
    """Note what two kinds of rule judge besides channels: the slope of a voltage and the sum of cycles."""
    if decision.section == "voltage_trend" and (kept := context.get_numbers(TREND)):
        decision.shown[VOLTAGE_SLOPE] = kept[SLOPE]
    elif decision.section == "wear" and (summed := context.get_numbers(METER)):
        decision.shown[CYCLES] = read_meter(summed).cycles


def held(turn: Turn) -> timedelta:
    """Return how long the target had been seen by the frame of this turn."""
    return turn.at - turn.after.began if turn.after.on is not turn.before.on and turn.after.began else turn.after.held
