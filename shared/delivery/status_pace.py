"""How often a service says how it is: a machine without I/O or clock.

Where time is that of hardware, a status says what is new every ``LIVE_STATUS_S``; a recording or simulation may run at
any speed, so there it does so every ``STATUS_S``. Where nothing is new it comes every ``HEARTBEAT_S``.

Services say theirs together: who hears another's joins in, unless its own is younger than ``JOIN_S``. So each of them
wakes up for several at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.messages import Status

STATUS_S = 1.0
LIVE_STATUS_S = 10.0  # below ``commits.SPILL_S``, for a status says what is applied
HEARTBEAT_S = 10.0
JOIN_S = LIVE_STATUS_S / 2


@dataclass(slots=True)
class StatusPace:
    """When the last status was said, and what it was, without its time."""

    at: float = float("-inf")
    status: Status | None = None

    def hurry(self) -> None:
        """Let the next turn say it again."""
        self.at = float("-inf")

    def join(self, now: float) -> None:
        """Another service has said its own just now."""
        if now - self.at >= JOIN_S:
            self.hurry()

    def wait_s(self, now: float, *, live: bool) -> float:
        """How long nothing is said, whatever is new; ``live``: time is that of hardware."""
        return max(0.0, self.at + (LIVE_STATUS_S if live else STATUS_S) - now)

    def is_due(self, status: Status, now: float) -> bool:
        """Whether to say it, where nothing has to be waited for; remembers that it was said."""
        if status == self.status and now - self.at < HEARTBEAT_S:
            return False
        self.status, self.at = status, now
        return True
