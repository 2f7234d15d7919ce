"""The memory of one device from one frame to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic_core import SchemaSerializer, core_schema

from services.event_processor.core.device.latch import ZERO, Latch, move, read_time, stamp
from shared.jumps import Jump
from shared.messages import Frame

Numbers = tuple[float | None, ...]

LONGEST_GAP_S = 30.0
LONGEST_UPTIME_S = 1e9  # 30 years: a longer uptime is wrong
STEPS_OF_SILENCE = 5  # a silence is longer than this many steps between the device's frames
UNKNOWN_STEP_S = 60.0  # assumed until the second frame


EMPTY: Mapping[str, Any] = MappingProxyType({})


def _writer() -> SchemaSerializer:
    """Return what writes a memory as JSON; told of the numbers' types, it takes a third of the time for them."""
    numbers = core_schema.tuple_variable_schema(
        core_schema.union_schema(
            [
                core_schema.nullable_schema(core_schema.float_schema()),
                core_schema.int_schema(),
                core_schema.definition_reference_schema("numbers"),
                core_schema.any_schema(),
            ]
        ),
        ref="numbers",
    )
    by_name = core_schema.dict_schema(core_schema.str_schema(), core_schema.definition_reference_schema("numbers"))
    return SchemaSerializer(
        core_schema.definitions_schema(
            core_schema.typed_dict_schema({"numbers": core_schema.typed_dict_field(by_name)}, extra_behavior="allow"),
            [numbers],
        ),
        core_schema.CoreConfig(ser_json_inf_nan="constants"),
    )


AS_JSON = _writer()


class Memory(NamedTuple):
    """``time`` is the last frame's; ``repeat`` counts the frames of the same time before it.

    ``seen``: the evidence channels that the device has shown. ``latches`` by name; replaced, never changed. ``boot``,
    ``uptime_s`` and ``clock`` are the last frame's, None where it had none. ``steady_s`` is the sum of the times
    between frames, which no step of the clock moves. ``words`` and ``numbers`` belong to the rules, by name. ``step_s``
    lies between the last two frames of different times, ``unseen_s`` between the last believable frame and the last.
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
        """The longest gap between frames that is no silence; nothing is concluded over a silence."""
        return max(LONGEST_GAP_S, STEPS_OF_SILENCE * (UNKNOWN_STEP_S if self.step_s is None else self.step_s))

    def elapsed_s(self, frame: Frame) -> float:
        """Return ``elapsed`` in s, in whole µs: every frame of live hardware asks for it."""
        uptime_s = frame.uptime_s
        if uptime_s is None or self.uptime_s is None or self.boot != frame.boot:
            return self.elapsed(frame).total_seconds()
        passed_s = round(uptime_s - self.uptime_s, 6)
        return passed_s if 0 < passed_s < LONGEST_UPTIME_S else 0.0

    def elapsed(self, frame: Frame) -> timedelta:
        """Return the time from the last frame to ``frame``; never negative, 0 where unknown.

        Within a boot the uptime gives it, whatever the wall clock did. From boot to boot the wall clock gives it, if it
        was set both times.
        """
        before, now = self.time, frame.time
        if before is None:
            return ZERO
        if self.uptime_s is not None and frame.uptime_s is not None:
            if self.boot == frame.boot:
                return timedelta(seconds=self.elapsed_s(frame))
            if not self.clock == frame.clock == "set":
                return ZERO
        return now - before if now > before else ZERO

    def moved(self, jump: Jump) -> Memory:
        """Return the memory after a jump of the clock, its times moved so that ages stay the same."""
        latches = {name: move(latch, jump) for name, latch in self.latches.items()}
        return self._replace(time=self.time and jump.moved(self.time), latches=latches)

    def to_json(self) -> str:
        """Return the memory as JSON text, which ``from_json`` reads."""
        return AS_JSON.to_json(
            {
                "time": None if self.time is None else stamp(self.time),
                "repeat": self.repeat,
                "seen": sorted(self.seen),
                "latches": {name: latch.to_json() for name, latch in self.latches.items()},
                "clocks": [self.boot, self.uptime_s, self.clock],
                "steady": self.steady_s,
                "words": dict(self.words),
                "numbers": dict(self.numbers),
                "steps": [self.step_s, self.unseen_s],
            },
            warnings=False,
        ).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Memory:
        """Return the memory that ``to_json`` wrote, in this version or an earlier one; missing fields are as new."""
        data = json.loads(text)
        clocks = data.get("clocks") or (None, None, None)
        step_s, unseen_s = data.get("steps") or (None, 0.0)
        return cls(
            read_time(data["time"]),
            data["repeat"],
            frozenset(data["seen"]),
            {name: Latch.from_json(values) for name, values in data["latches"].items()},
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
