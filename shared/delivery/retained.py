"""Latest values that a handler receives without a place in a stream: states, alerts, statuses, results.

They are best effort: a value may come twice, and what was published while nobody listened does not come again,
except the last one of a retained topic, which the broker keeps.

To a new session a broker gives what it keeps, and MQTT does not say when that was all (``RetainedSet``). It is complete
where all of this has come, each of which answers a way to be wrong:
1. An own status, published on this connection: where a broker sends in order, it comes behind what is kept.
2. A while without a kept value: where each filter has a queue of its own, nothing but time says so.
3. A living status of each producer, and a while after it: a broker that has begun anew keeps nothing until they have
   published it again.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.delivery.decoding import decode
from shared.kinds import KINDS, model_of
from shared.messages import Message
from shared.topics import Topics

SETTLE_S = 10.0  # from the beginning of a connection
QUIET_S = 5.0  # since the last kept value


class RetainedSet:
    """Whether every value that the broker kept when the connection began has come; ``producers``: of what is kept."""

    def __init__(self, producers: Iterable[str]) -> None:
        self._producers = frozenset(producers)
        self._silent: set[str] = set()
        self._settled_at: float | None = None  # None: it is complete, or there is no connection

    def connected(self, now: float) -> None:
        """A connection begins."""
        self._silent = {*self._producers}
        self._settled_at = now + SETTLE_S

    def value(self, now: float) -> None:
        """A kept value has come."""
        self._not_before(now + QUIET_S)

    def online(self, service: str, now: float) -> None:
        """A service has published now that it is online."""
        if service in self._silent:
            self._silent.discard(service)
            self._not_before(now + SETTLE_S)

    def heard_itself(self, now: float) -> bool:
        """Hear an own status that was published on this connection; True once, when the set is complete."""
        if self._settled_at is None or self._silent or now < self._settled_at:
            return False
        self._settled_at = None
        return True

    def _not_before(self, at: float) -> None:
        if self._settled_at is not None:
            self._settled_at = max(self._settled_at, at)


def filters(kinds: Iterable[str], topics: Topics) -> list[str]:
    """Return what to subscribe to; every service subscribes to ``status/…`` in any case."""
    return [topics.every(kind) for kind in kinds if kind != "status"]


def producers_of(kinds: Iterable[str]) -> frozenset[str]:
    """Return whose latest values these are."""
    return frozenset(name for kind in kinds if kind != "status" for name in KINDS[kind].producers)


def decode_value(kind: str, payload: bytes) -> Message:
    """Return a latest value of ``kind``; raises UnreadableError."""
    return decode(model_of(kind), payload)
