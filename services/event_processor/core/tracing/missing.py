"""Why an event did not come: how near the frames came to each of its goals, and which condition was missing.

A tally follows the frames for each goal. ``KINDS`` orders the shortfalls, the nearest first: a condition that held too
briefly is nearer than one that never held, and that is nearer than a missing channel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.event_processor.core.device.keys import STARTED
from services.event_processor.core.device.latch import OFF
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.rules.compiled import BELIEVED
from services.event_processor.core.tracing.goals import Goal, Test
from services.event_processor.core.tracing.recorder import Decision, FrameTrace, Turn, held

KINDS = (
    "standing",
    "dwell",
    "gate",
    "first",
    "session",
    "value",
    "no_answer",
    "code",
    "quality",
    "not_begun",
    "channel",
)


@dataclass(frozen=True, slots=True)
class Missing:
    """What one goal lacked: ``kind`` is one of ``KINDS``, ``data`` the figures for its sentence."""

    kind: str
    goal: Goal
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Seen:
    """The value of one channel that came nearest, and when."""

    value: Any = None
    at: datetime | None = None
    passed: bool = False
    no_answer: Any = None

    def observe(self, test: Test, value: Any, at: datetime) -> None:
        holds = test.holds(value)
        if holds is None:
            self.no_answer = value if self.no_answer is None else self.no_answer
            return
        nearer = (
            self.at is None
            or (holds and not self.passed)
            or (holds is self.passed and test.op in ("above", "at least") and value > self.value)
            or (holds is self.passed and test.op in ("below", "at most") and value < self.value)
        )
        if nearer:
            self.value, self.at, self.passed = value, at, holds


class Tally:
    """How near a device's frames came to one goal."""

    def __init__(self, goal: Goal) -> None:
        self.goal = goal
        self.reached = 0
        self._frames = 0
        self._ran = 0
        self._fitting = 0  # frames in which the latch stood the other way, so that it could turn
        self._seen = {test: _Seen() for test in goal.tests}
        self._longest: Turn | None = None
        self._shut: str | None = None
        self._codes: dict[str, None] = {}
        self._doubted: dict[str, None] = {}
        self._stands: datetime | None = None
        self._shown: dict[str, None] = {}

    def observe(self, trace: FrameTrace) -> None:
        """Add the device's next frame."""
        goal, frame = self.goal, trace.frame
        self._frames += 1
        self._codes.update((error.code, None) for error in frame.errors)
        self._shown.update((channel, None) for channel in frame.values)
        if frame.quality not in BELIEVED:
            self._doubted[frame.quality.value] = None
        decision = next(
            (each for each in trace.decisions if (each.section, each.name) == (goal.section, goal.name)), None
        )
        if decision is None:
            return
        self._ran += 1
        self.reached += sum(found.type == goal.event for found in decision.findings)
        if goal.latch is not None and self._stands_already(trace.before, decision):
            return
        self._fitting += 1
        for test, seen in self._seen.items():
            value = shown(decision, trace, test)
            if value is not None:
                seen.observe(test, value, frame.time)
        self._take_turns(decision)

    def _stands_already(self, before: Memory, decision: Decision) -> bool:
        """Whether the latch has the goal's state already, so that it cannot turn to it."""
        latch = before.latches.get(self.goal.latch or "", OFF)
        if latch.on is not self.goal.target or any(turn.after.on is not turn.before.on for turn in decision.turns):
            return False
        if latch.on:
            self._stands = latch.began
        return True

    def _take_turns(self, decision: Decision) -> None:
        goal = self.goal
        for turn in decision.turns:
            if turn.latch and turn.latch.partition("/")[0] != goal.latch and turn.latch != goal.latch:
                continue
            if turn.target is goal.target and (self._longest is None or held(turn) >= held(self._longest)):
                self._longest = turn
        if goal.gate is not None and decision.gates.get(goal.gate) is False:
            self._shut = goal.gate

    def missing(self) -> Missing:
        """Return what the goal lacked, by all frames so far."""
        goal = self.goal
        if goal.latch is not None and goal.target and not self._fitting and self._stands is not None:
            return Missing("standing", goal, {"since": self._stands})
        if self._longest is not None:
            turn = self._longest
            data = {"held_s": held(turn).total_seconds(), "dwell_s": turn.dwell_s, "until": turn.at}
            return Missing("dwell", goal, {**data, "tests": self._values()})
        if self._shut is not None:
            return Missing("gate", goal, {"gate": self._shut})
        if self._ran and goal.latch is not None and not goal.target and not self._fitting:
            return Missing("not_begun", goal)
        return self._of_values() or self._of_frames()

    def _of_values(self) -> Missing | None:
        goal, tests = self.goal, self.goal.tests
        answered = {test: seen for test, seen in self._seen.items() if seen.at is not None}
        short = [test for test, seen in answered.items() if not seen.passed]
        if short and (not goal.either or len(short) == len(answered)):
            return Missing("value", goal, {"tests": self._values(short)})
        if (tests and len(answered) == len(tests)) or (goal.either and answered):
            return Missing("first" if goal.latch == STARTED else "session", goal)
        for test in tests:
            if (odd := self._seen[test].no_answer) is not None and self._ran:
                return Missing("no_answer", goal, {"channel": test.channel, "value": odd, "wants": test})
        return None

    def _of_frames(self) -> Missing:
        goal = self.goal
        wanted = [*dict.fromkeys(name for test in goal.tests for name in (test.channel, test.share_of) if name)]
        if goal.codes or goal.qualities:
            found = {"codes": [*self._codes], "qualities": [*self._doubted]}
            return Missing("code", goal, {**found, "wants_codes": goal.codes, "wants_qualities": goal.qualities})
        if self._doubted and not self._ran:
            return Missing("quality", goal, {"qualities": [*self._doubted]})
        together = len(wanted) > 1 and all(channel in self._shown for channel in wanted)
        return Missing("channel", goal, {"channels": wanted, "frames": self._frames, "apart": together})

    def _values(self, tests: list[Test] | None = None) -> list[dict[str, Any]]:
        return [
            {"test": test, "value": seen.value, "at": seen.at}
            for test, seen in self._seen.items()
            if seen.at is not None and (tests is None or test in tests)
        ]


def shown(decision: Decision, trace: FrameTrace, test: Test) -> Any:
    """Return the value that a rule judged: measured or computed; as a share where the level is one."""
    value = decision.shown.get(test.channel)
    value = trace.frame.values.get(test.channel) if value is None else value
    if test.share_of is None:
        return value
    whole = decision.shown.get(test.share_of)
    return None if not whole or value is None or isinstance(value, str) else value / whole


def nearest(tallies: list[Tally]) -> list[Missing]:
    """Return what each goal lacked, the nearest first."""
    return sorted((tally.missing() for tally in tallies), key=lambda missing: KINDS.index(missing.kind))
