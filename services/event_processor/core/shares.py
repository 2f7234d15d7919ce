"""Each sender's share of a bounded set. Beyond the bound, the oldest entries of the sender with the most are dropped.

So a flood drops its own entries, and a quiet neighbour keeps its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping


class Shares:
    """``held``: how many entries each sender has; ``most``: the bound for all together."""

    def __init__(self, held: Mapping[str, int], most: int) -> None:
        self.most = most
        self._held = Counter(held)
        self._total = self._held.total()

    def add(self, sender: str, count: int = 1) -> None:
        """Count a sender's new entries; a negative ``count`` takes them off."""
        self._held[sender] += count
        self._total += count

    def excess(self) -> Iterator[tuple[str, int]]:
        """Yield senders and how many of their oldest to drop: 1 % more than needed, so that it is rare in a flood."""
        while self._total > self.most:
            sender, held = self._held.most_common(1)[0]
            gone = min(held, self._total - self.most + self.most // 100)
            self.add(sender, -gone)
            self._held += Counter()  # drops senders with none left
            yield sender, gone
