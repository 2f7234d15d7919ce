"""How often a wrong password may be tried in ``WINDOW_S``: ``MOST`` times from one address, ``MOST_OF_ALL`` in all."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

MOST = 5
MOST_OF_ALL = 50
WINDOW_S = 60.0


@dataclass(slots=True)
class Attempts:
    """The failures of the last minute. After ``MOST_OF_ALL`` of them no attempt is allowed."""

    failures: deque[tuple[float, str]] = field(default_factory=deque)

    def wait_s(self, address: str, now_s: float) -> float:
        """Return how long this address must wait before it may try; 0: it may now."""
        while self.failures and now_s - self.failures[0][0] >= WINDOW_S:
            self.failures.popleft()
        own = [at for at, who in self.failures if who == address]
        waits = [0.0]
        if len(own) >= MOST:
            waits.append(own[-MOST] + WINDOW_S - now_s)
        if len(self.failures) >= MOST_OF_ALL:
            waits.append(self.failures[-MOST_OF_ALL][0] + WINDOW_S - now_s)
        return max(waits)

    def failed(self, address: str, now_s: float) -> None:
        """Note a wrong password."""
        self.failures.append((now_s, address))
