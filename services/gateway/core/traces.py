"""The recent course of each device's numbers, for small curves. Bounded in devices, channels and points."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from shared.messages import DeviceState

MOST_DEVICES = 100
MOST_CHANNELS = 24  # of one device
MOST_POINTS = 90
APART_S = 10.0  # two points of a curve: a quarter of an hour in all

Point = tuple[float, float]  # when it was heard, in monotonic seconds, and the value


@dataclass(slots=True)
class Traces:
    """The last points of every channel that is a number."""

    points: dict[str, dict[str, deque[Point]]] = field(default_factory=dict)

    def add(self, state: DeviceState, at_s: float) -> None:
        """Add a state's numbers, unless the last ones are too recent or there is no room."""
        if state.device not in self.points and len(self.points) >= MOST_DEVICES:
            return
        channels = self.points.setdefault(state.device, {})
        for name, value in state.values.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            if name not in channels and len(channels) >= MOST_CHANNELS:
                continue
            course = channels.setdefault(name, deque(maxlen=MOST_POINTS))
            if not course or at_s - course[-1][0] >= APART_S:
                course.append((at_s, float(value)))

    def course(self, device: str, channel: str) -> tuple[Point, ...]:
        """Return the points of one channel, oldest first."""
        return tuple(self.points.get(device, {}).get(channel, ()))
