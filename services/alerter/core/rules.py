"""An alert rule: how many events of one type within a sliding window are too many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from shared.instants import span_to_us
from shared.messages import Severity

LONGEST_MEMORY = 1000  # times remembered per rule, unless its threshold needs more to be decided


@dataclass(frozen=True, slots=True)
class Rule:
    """Fires while more than ``threshold`` events of type ``key`` lie within ``window`` of event time.

    "More than" is strict: ``threshold`` events are quiet, one more fires.
    """

    name: str
    key: str
    window: timedelta
    threshold: int
    severity: Severity = Severity.WARNING

    @property
    def window_us(self) -> int:
        """The window in microseconds."""
        return span_to_us(self.window)

    @property
    def remembered(self) -> int:
        """How many of the newest event times are kept: enough to decide, and bounded."""
        return max(self.threshold + 1, LONGEST_MEMORY)
