"""What is remembered of one rule between events, and its form in the ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from services.alerter.core.window import Window
from shared.instants import time_to_us, us_to_time
from shared.jumps import Jump
from shared.messages import Alert, AlertState


@dataclass(frozen=True, slots=True)
class Memory:
    """One rule's event times, its last transition if there was one, and how far event time has come."""

    window: Window = field(default_factory=Window)
    alert: Alert | None = None
    now_us: int | None = None

    @property
    def state(self) -> AlertState:
        """The alert's state; resolved where it has never fired."""
        return AlertState.RESOLVED if self.alert is None else self.alert.state


def move(memory: Memory, jump: Jump) -> Memory:
    """Return the memory after a jump of the clock: every event is as long ago as before; the alert stays as told."""
    times_us = sorted(moved_us(time_us, jump) for time_us in memory.window.times_us)
    lost_us, now_us = (us if us is None else moved_us(us, jump) for us in (memory.window.lost_us, memory.now_us))
    return replace(memory, window=Window(tuple(times_us), lost_us), now_us=now_us)


def moved_us(time_us: int, jump: Jump) -> int:
    """Return where a remembered time stands after a jump of the clock."""
    return time_to_us(jump.moved(us_to_time(time_us)))


def to_json(memory: Memory) -> bytes:
    """Return the memory as JSON; ``from_json`` gives an equal one back."""
    alert = None if memory.alert is None else memory.alert.model_dump(mode="json")
    window = memory.window
    content = {"times_us": window.times_us, "lost_us": window.lost_us, "alert": alert, "now_us": memory.now_us}
    return json.dumps(content, separators=(",", ":")).encode()


def from_json(text: bytes) -> Memory:
    """Return the memory that ``to_json`` wrote; raises ValueError or KeyError on anything else."""
    content = json.loads(text)
    window = Window(tuple(content["times_us"]), content["lost_us"])
    alert = None if content["alert"] is None else Alert.model_validate(content["alert"])
    return Memory(window, alert, content["now_us"])
