"""How many dead letters a service keeps: enough to see what is wrong, and no disk full of a flood.

A sender may fill a bucket of ``BURST`` letters, which empties by one a second, and all senders together one of
``BURST_OF_ALL``. What comes beyond is counted and not kept; once an hour an event names the sender. A sender is the
kind and the first level of the topic, which the broker's ACL binds to a user.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

BURST = 100
BURST_OF_ALL = 1000
REFILL_S = 1.0  # for one letter of one sender
REFILL_OF_ALL_S = 0.1
SENDERS = 256  # the one that was quiet for longest is forgotten first
EVENT_S = 3600.0


@dataclass(slots=True)
class Bucket:
    """So many letters are left, as of monotonic ``at``."""

    left: float
    at: float
    beyond: int = 0
    reported: float = float("-inf")

    def consume(self, now: float, size: int, refill_s: float) -> bool:
        """Take one, if there is one."""
        self.left = min(size, self.left + (now - self.at) / refill_s)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Refusals:
    """Buckets by sender. ``unkept`` counts what was refused without a letter."""

    def __init__(self, prefix: str) -> None:
        self.unkept = 0
        self._prefix = prefix
        self._all = Bucket(BURST_OF_ALL, 0.0)
        self._senders: OrderedDict[str, Bucket] = OrderedDict()

    def sender(self, received_on: str) -> str:
        """Return the kind and the first level of a topic; on the wire the speaker comes first."""
        return "/".join(received_on.removeprefix(self._prefix).split("/")[:2])[:200]

    def admits(self, received_on: str, now: float) -> bool:
        """Whether a refusal is worth a letter."""
        bucket = self._bucket(self.sender(received_on), now)
        if bucket.consume(now, BURST, REFILL_S) and self._all.consume(now, BURST_OF_ALL, REFILL_OF_ALL_S):
            return True
        self.unkept += 1
        bucket.beyond += 1
        return False

    def flood(self, received_on: str, now: float) -> int | None:
        """Return how many letters of this sender were not kept, when that is to be reported; else None."""
        bucket = self._bucket(self.sender(received_on), now)
        if now - bucket.reported < EVENT_S:
            return None
        bucket.reported = now
        return bucket.beyond

    def _bucket(self, sender: str, now: float) -> Bucket:
        bucket = self._senders.get(sender)
        if bucket is None:
            bucket = self._senders[sender] = Bucket(BURST, now)
            if len(self._senders) > SENDERS:
                self._senders.popitem(last=False)
        self._senders.move_to_end(sender)
        return bucket
