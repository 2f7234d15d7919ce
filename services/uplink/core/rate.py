"""How fast records may leave: a bucket that fills evenly and holds one batch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Rate:
    """``per_s`` records in a second, at most ``batch`` at once. Times are monotonic seconds."""

    per_s: float
    batch: int
    full: float = 0.0
    at_s: float | None = None

    def room(self, now_s: float) -> int:
        """Return how many records may leave now."""
        if self.at_s is None:
            self.full = float(self.batch)
        else:
            self.full = min(float(self.batch), self.full + (now_s - self.at_s) * self.per_s)
        self.at_s = now_s
        return int(self.full)

    def spend(self, count: int) -> None:
        """So many have left, or have been tried."""
        self.full -= count

    def wait_s(self) -> float:
        """Return how long until a tenth of a batch, one record at least, may leave."""
        return max(0.0, (max(1.0, self.batch / 10) - self.full) / self.per_s)
