"""Durations by this machine's stopwatch; no decision depends on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from shared.messages import Event

NEWEST = 512


def p95(values: deque[float]) -> float | None:
    """Return the 95th percentile; None of no values."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 3) if ordered else None


class Measures:
    """From the arrival of an event's cause to its place in the outbox: ``processing_ms`` in its metadata."""

    def __init__(self, stopwatch: Callable[[], float] | None) -> None:
        self._stopwatch = stopwatch
        self._began = 0.0
        self.times_ms: deque[float] = deque(maxlen=NEWEST)

    def begin(self) -> None:
        """Start the stopwatch at an arrival."""
        if self._stopwatch is not None:
            self._began = self._stopwatch()

    def end(self, event: Event) -> None:
        """Add the duration to a new event's metadata, which nothing else refers to yet."""
        if self._stopwatch is not None:
            took_ms = round((self._stopwatch() - self._began) * 1000, 3)
            self.times_ms.append(took_ms)
            event.metadata["processing_ms"] = took_ms
