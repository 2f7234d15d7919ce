"""What is remembered of one device between two frames."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

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


@dataclass(frozen=True, slots=True)
class Memory:
    """``time`` of the last frame, and how many of that very time came before it.

    ``seen``: the evidence channels the device is known to have. ``latches`` by name; replaced, never changed.
    ``boot``, ``uptime_s`` and ``clock`` are the last frame's, None where it had none. ``steady_s`` is the time that
    ran between its frames, which no step of the clock moves. ``words`` and ``numbers`` are the rules' own, by name.
    """

    time: datetime | None = None
    repeat: int = 0
    seen: frozenset[str] = frozenset()
    latches: Mapping[str, Latch] = field(default_factory=dict)
    boot: str | None = None
    uptime_s: float | None = None
    clock: str | None = None
    steady_s: float = 0.0
    words: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, Numbers] = field(default_factory=dict)

    def elapsed(self, frame: Frame) -> timedelta:
        """Return how long ago the last frame was when ``frame`` was taken; never negative, 0 where nobody can know.

        Within a boot the uptime tells it, whatever happened to the wall clock. From boot to boot the wall clock does,
        if it was set both times.
        """
        if self.time is None:
            return ZERO
        if self.uptime_s is not None and frame.uptime_s is not None:
            if self.boot == frame.boot:
                return timedelta(seconds=max(round(frame.uptime_s - self.uptime_s, 6), 0))
            if not self.clock == frame.clock == "set":
                return ZERO
        return frame.time - self.time if frame.time > self.time else ZERO

    def moved(self, jump: Jump) -> Memory:
        """Return the memory after a jump of the clock: everything is as long ago as it was before."""
        latches = {name: move(latch, jump) for name, latch in self.latches.items()}
        return replace(self, time=self.time and jump.moved(self.time), latches=latches)

    def to_json(self) -> str:
        """Return the memory as JSON text; ``from_json`` gives it back exactly."""
        return json.dumps(
            {
                "time": None if self.time is None else stamp(self.time),
                "repeat": self.repeat,
                "seen": sorted(self.seen),
                "latches": {name: latch_to_json(latch) for name, latch in self.latches.items()},
                "clocks": [self.boot, self.uptime_s, self.clock],
                "steady": self.steady_s,
                "words": dict(self.words),
                "numbers": dict(self.numbers),
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Memory:
        """Return the memory ``to_json`` wrote, here or in an earlier version: what that did not know is as new."""
        data = json.loads(text)
        clocks = data.get("clocks") or (None, None, None)
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
        )


NOTHING = Memory()
