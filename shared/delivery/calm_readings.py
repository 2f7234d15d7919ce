"""Which frames of live hardware need not be on the disk before they leave (docs/adr/0048).

A frame may wait where it differs from its device's last one in numbers alone: words and flags, quality and errors are
the same.
What is played waits for nothing: a recording or simulation is exact to the frame.
"""

from __future__ import annotations

from shared.jumps import CLOCK_STEP
from shared.messages import Frame

MOST_DEVICES = 10_000  # of further ones every frame is written at once

Words = tuple[object, ...]


class CalmReadings:
    """Knows what each device said last, numbers apart."""

    def __init__(self) -> None:
        self._last: dict[str, Words] = {}

    def is_calm(self, frame: Frame) -> bool:
        """Whether a frame says nothing new but numbers; remembers it."""
        if frame.simulated:
            return False
        words = _words(frame)
        before = self._last.get(frame.device)
        if before is not None or len(self._last) < MOST_DEVICES:
            self._last[frame.device] = words
        return CLOCK_STEP not in frame.values and before == words


def _words(frame: Frame) -> Words:
    values = sorted((name, value) for name, value in frame.values.items() if isinstance(value, str | bool))
    errors = sorted((error.code, error.chip, error.channel or "") for error in frame.errors)
    return (frame.quality, *values, *errors)
