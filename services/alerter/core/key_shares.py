"""Which sender may have one more key of an alert rule: each has less than ``SHARE`` times as many as are free.

So one sender fills four fifths of a rule's keys at most, a second four fifths of the rest, and a quiet neighbour still
finds room (docs/adr/0037). Dynamic thresholds of shared buffers: Choudhury and Hahne, IEEE/ACM ToN 6 (2), 1998.
"""

from __future__ import annotations

from collections import Counter

SHARE = 4


class KeyShares:
    """How many keys each sender has of each rule; a rule has ``most`` at most."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._all: Counter[str] = Counter()
        self._held: Counter[tuple[str, str]] = Counter()

    def add(self, rule: str, sender: str, count: int = 1) -> None:
        """Count a sender's new keys of a rule; a negative ``count`` takes them off."""
        self._all[rule] += count
        self._held[rule, sender] += count
        if not self._held[rule, sender]:
            del self._held[rule, sender]

    def has_room(self, rule: str, sender: str) -> bool:
        """Whether a sender may have one more."""
        return self._held.get((rule, sender), 0) < SHARE * (self.most - self._all.get(rule, 0))
