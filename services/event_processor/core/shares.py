"""Who holds how much of a set that has a bound, and whose oldest have to go: those of the sender that holds the most.

So a flood pushes out its own, and a quiet neighbour keeps what it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping


class Shares:
    """``held`` says how much each sender has; ``most`` is the bound for all together."""

    def __init__(self, held: Mapping[str, int], most: int) -> None:
        self.most = most
        self._held = Counter(held)
        self._total = self._held.total()

    def add(self, sender: str, count: int = 1) -> None:
        """Note that a sender has more; a negative count: less."""
        self._held[sender] += count
        self._total += count

    def excess(self) -> Iterator[tuple[str, int]]:
        """Yield whose oldest have to go, and how many; a hundredth more than must, so that it is rare under a flood."""
        while self._total > self.most:
            sender, held = self._held.most_common(1)[0]
            gone = min(held, self._total - self.most + self.most // 100)
            self.add(sender, -gone)
            self._held += Counter()  # without who has none left
            yield sender, gone
