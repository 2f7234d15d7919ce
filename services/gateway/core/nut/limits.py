"""How fast one client may ask: a bucket of lines that fills with time."""

from __future__ import annotations

from dataclasses import dataclass, replace

LINES_PER_S = 50.0  # upsmon asks one every five seconds; a client that lists everything, a dozen at once
BURST = 200.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a client may still ask at once, as of ``at_s``."""

    at_s: float
    left: float = BURST

    def after_line(self, now_s: float) -> tuple[Bucket, float]:
        """Return the bucket after one more line, and how many seconds that line has to wait."""
        left = min(BURST, self.left + max(0.0, now_s - self.at_s) * LINES_PER_S) - 1
        return replace(self, at_s=now_s, left=left), max(0.0, -left / LINES_PER_S)
