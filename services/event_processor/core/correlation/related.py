"""Which earlier events an event is related to: those of its device or zone, a short while before it.

An event never names a later one, in whatever order they arrive. An event without device and zone is related to nothing.
Only the newest ``ROOM`` events are remembered.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from shared.instants import time_to_us, us_to_time
from shared.jumps import Jump

ROOM = 4096

Place = tuple[int, str]  # time_us, id: the order of events


@dataclass(frozen=True, slots=True)
class EventRef:
    """What the correlation needs of an event."""

    time_us: int
    id: str
    device: str | None
    zone: str | None

    def sources(self) -> Iterator[str]:
        """Yield its device and its zone, each as a key."""
        if self.device is not None:
            yield f"device/{self.device}"
        if self.zone is not None:
            yield f"zone/{self.zone}"


class Recent:
    """The newest events. ``sights`` come from the ledger, in the order of arrival."""

    def __init__(self, window_us: int, most: int, sights: Iterable[EventRef] = ()) -> None:
        self.window_us = window_us
        self.most = most
        self.sights: deque[EventRef] = deque()
        self._by_source: dict[str, list[Place]] = {}
        for sight in sights:
            self.add(sight)

    def before(self, sight: EventRef) -> list[str]:
        """Return the ids of the newest ``most`` related events, oldest first."""
        found = set[Place]()
        for source in sight.sources():
            places = self._by_source.get(source, [])
            last = bisect_left(places, (sight.time_us, sight.id))
            first = bisect_left(places, (sight.time_us - self.window_us, ""), 0, last)
            found.update(places[max(first, last - self.most) : last])
        return [identity for _, identity in sorted(found)[-self.most :]]

    def add(self, sight: EventRef) -> None:
        """Add an event; beyond ``ROOM`` the oldest is forgotten."""
        self.sights.append(sight)
        for source in sight.sources():
            insort(self._by_source.setdefault(source, []), (sight.time_us, sight.id))
        if len(self.sights) > ROOM:
            self._forget(self.sights.popleft())

    def _forget(self, sight: EventRef) -> None:
        for source in sight.sources():
            places = self._by_source[source]
            del places[bisect_left(places, (sight.time_us, sight.id))]
            if not places:
                del self._by_source[source]

    def move(self, jump: Jump) -> None:
        """Move every time along with a jump of the wall clock."""
        moved = [replace(each, time_us=time_to_us(jump.moved(us_to_time(each.time_us)))) for each in self.sights]
        self.sights.clear()
        self._by_source.clear()
        for sight in moved:
            self.add(sight)
