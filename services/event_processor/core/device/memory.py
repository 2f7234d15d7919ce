"""What is remembered of one device between two frames."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic_core import to_json

from services.event_processor.core.device.latch import (
    ZERO,
    Latch,
    latch_from_json,
    latch_to_json,
    move,
    read_time,
    stamp,
)
from shared.jumps import Jump
from shared.messages import Frame

Numbers = tuple[float | None, ...]

LONGEST_GAP_S = 30.0
LONGEST_UPTIME_S = 1e9  # 30 years: more is no uptime
STEPS_OF_SILENCE = 5  # of the device's own
UNKNOWN_STEP_S = 60.0  # until a second frame has come


EMPTY: Mapping[str, Any] = MappingProxyType({})


class Memory(NamedTuple):
    """``time`` of the last frame, and how many of that very time came before it.

    ``seen``: the evidence channels the device is known to have. ``latches`` by name; replaced, never changed.
    ``boot``, ``uptime_s`` and ``clock`` are the last frame's, None where it had none. ``steady_s`` is the time that
    ran between its frames, which no step of the clock moves. ``words`` and ``numbers`` are the rules' own, by name.
    ``step_s``: between the last two frames that were not of one instant. ``unseen_s``: how long before the last frame
    the last one was that could be believed.
    """

    time: datetime | None = None
    repeat: int = 0
    seen: frozenset[str] = frozenset()
    latches: Mapping[str, Latch] = EMPTY
    boot: str | None = None
    uptime_s: float | None = None
    clock: str | None = None
    steady_s: float = 0.0
    words: Mapping[str, str] = EMPTY
    numbers: Mapping[str, Numbers] = EMPTY
    step_s: float | None = None
    unseen_s: float = 0.0

    @property
    def longest_gap_s(self) -> float:
        """How long nothing may be seen before it is a silence, over which nothing is concluded."""
        return max(LONGEST_GAP_S, STEPS_OF_SILENCE * (UNKNOWN_STEP_S if self.step_s is None else self.step_s))

    def elapsed(self, frame: Frame) -> timedelta:
        """Return how long ago the last frame was when ``frame`` was taken; never negative, 0 where nobody can know.

        Within a boot the uptime decides it, whatever happened to the wall clock. From boot to boot the wall clock does,
        if it was set both times.
        """
        before, now = self.time, frame.time
        if before is None:
            return ZERO
        if self.uptime_s is not None and (uptime_s := frame.uptime_s) is not None:
            if self.boot == frame.boot:
                passed_s = max(round(uptime_s - self.uptime_s, 6), 0)
                return timedelta(seconds=passed_s) if passed_s < LONGEST_UPTIME_S else ZERO
            if not self.clock == frame.clock == "set":
                return ZERO
        return now - before if now > before else ZERO

    def moved(self, jump: Jump) -> Memory:
        """Return the memory after a jump of the clock: everything is as long ago as it was before."""
        latches = {name: move(latch, jump) for name, latch in self.latches.items()}
        return self._replace(time=self.time and jump.moved(self.time), latches=latches)

    def to_json(self) -> str:
        """Return the memory as JSON text; ``from_json`` gives it back exactly."""
        return to_json(
            {
                "time": None if self.time is None else stamp(self.time),
                "repeat": self.repeat,
                "seen": sorted(self.seen),
                "latches": {name: latch_to_json(latch) for name, latch in self.latches.items()},
                "clocks": [self.boot, self.uptime_s, self.clock],
                "steady": self.steady_s,
                "words": dict(self.words),
                "numbers": dict(self.numbers),
                "steps": [self.step_s, self.unseen_s],
            },
            inf_nan_mode="constants",
        ).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Memory:
        """Return the memory ``to_json`` wrote, here or in an earlier version: what that did not know is as new."""
        data = json.loads(text)
        clocks = data.get("clocks") or (None, None, None)
        step_s, unseen_s = data.get("steps") or (None, 0.0)
        return cls(
            read_time(data["time"]),
            data["repeat"],
            frozenset(data["seen"]),
            {name: latch_from_json(values) for name, values in data["latches"].items()},
            clocks[0],
            clocks[1],
            clocks[2],
            data.get("steady", 0.0),
            data.get("words", {}),
            {name: tuple(values) for name, values in data.get("numbers", {}).items()},
            step_s,
            unseen_s,
        )


NOTHING = Memory()
