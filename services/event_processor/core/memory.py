"""What is remembered of one device between two frames."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.event_processor.core.latch import Latch, latch_from_json, latch_to_json, read_time, stamp


@dataclass(frozen=True, slots=True)
class Memory:
    """``time`` of the last frame, and how many of that very time came before it.

    ``seen``: the evidence channels the device is known to have. ``latches`` by name; replaced, never changed.
    """

    time: datetime | None = None
    repeat: int = 0
    seen: frozenset[str] = frozenset()
    latches: Mapping[str, Latch] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the memory as JSON text; ``from_json`` gives it back exactly."""
        return json.dumps(
            {
                "time": None if self.time is None else stamp(self.time),
                "repeat": self.repeat,
                "seen": sorted(self.seen),
                "latches": {name: latch_to_json(latch) for name, latch in self.latches.items()},
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Memory:
        """Return the memory ``to_json`` wrote."""
        data = json.loads(text)
        return cls(
            read_time(data["time"]),
            data["repeat"],
            frozenset(data["seen"]),
            {name: latch_from_json(values) for name, values in data["latches"].items()},
        )


NOTHING = Memory()
