"""The bounds of the sets that a sender can grow, and the event that reports a full one.

A bound concerns the sender that exceeds it: known types keep their place, and a type of the catalogue always has one.
"""

from __future__ import annotations

from collections.abc import Callable, Container

from services.counter_store.adapters.tables.aggregates import MAX_SERIES
from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.requests.questions import TYPES
from shared.limits import LIMIT_REACHED, Limit
from shared.messages import Candidate, Event

OTHER_TYPE = "system.type.other"  # counts events of types beyond the bound; data.type has the real type
TYPES_COUNTED = Limit("event types", TYPES, f"a type that is not in the catalogue counts as `{OTHER_TYPE}`")
SERIES = Limit("series of type, device and zone", MAX_SERIES, "a new one is counted without its device and zone")
LIMITS = (TYPES_COUNTED, SERIES)


class Limits:
    """The bounds of one store. ``offer`` publishes an event; a replay has no ``offer``."""

    def __init__(
        self, policy: StorePolicy, offer: Callable[[Candidate], None] | None, most_types: int = TYPES_COUNTED.most
    ) -> None:
        self._policy = policy
        self._offer = offer
        self._most_types = most_types
        self._reported: set[tuple[str, str]] = set()

    def bound_type(self, event: Event, known: Container[str], count: int) -> Event:
        """Return the event, under ``OTHER_TYPE`` if its type would be one too many; ``count`` types are known."""
        if event.type in known or count < self._most_types or event.type in self._policy.catalogue:
            return event
        self.report(TYPES_COUNTED, event, self._most_types)
        data = {**event.data, "type": event.type}
        return event.model_copy(update={"type": OTHER_TYPE, "category": "system", "data": data})

    def report(self, limit: Limit, event: Event, most: int | None = None) -> None:
        """Offer an event once a day for each limit, by the day of the event that exceeded it."""
        what, day = limit.what, f"{event.time:%Y-%m-%d}"
        if self._offer is None or (what, day) in self._reported or len(self._reported) > self._most_types:
            return
        self._reported.add((what, day))
        data = {"what": what, "limit": most or limit.most, "sender": event.device or event.producer}
        self._offer(Candidate(type=LIMIT_REACHED, id=f"limit/counter_store/{what}/{day}", data=data))
