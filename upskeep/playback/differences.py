"""What differs between two runs over the same frames: pure, and bounded in memory however long they are.

Rules:
1. An event is its type, device, channel and time. Ids are not compared: they follow from rules' names too. Metadata
   is not either: it says what other events were near.
2. What both made is the same, or changed: of another severity, zone, or other data.
3. What only one made waits in the lane of its type, device and channel until something both made there comes, or
   nothing for ``MOVED_WITHIN``. Then each that went is set beside one that came, in order, so that the times are
   least apart in all; these moved. The others were removed or added.
4. A lane holds ``ROOM`` that wait; with one more they are judged as they are.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

MOVED_WITHIN = timedelta(hours=6)
ROOM = 64
Lane = tuple[str, str, str]


class Kind(StrEnum):
    """How an event or alert differs."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event, or one alert that began to fire: ``name`` is its type, or its rule and key."""

    name: str
    device: str | None
    time: datetime
    severity: str
    data: Mapping[str, Any]
    zone: str | None = None

    @property
    def lane(self) -> Lane:
        """What distinguishes it, but for the time."""
        return self.name, self.device or "", str(self.data.get("sensor_id") or self.data.get("channel") or "")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: ``before`` is None where it was added, ``after`` where it was removed."""

    kind: Kind
    before: Occurrence | None
    after: Occurrence | None

    @property
    def shown(self) -> Occurrence:
        """The one to speak of: as it is after, or was before where there is none after."""
        shown = self.after or self.before
        assert shown is not None  # noqa: S101 - one of the two is there
        return shown

    @property
    def shift(self) -> timedelta:
        """How much later it is after than before; zero where there is only one."""
        return self.after.time - self.before.time if self.before and self.after else timedelta(0)


Pair = tuple[Occurrence | None, Occurrence | None]


@dataclass(slots=True)
class Differences:
    """Takes what both made, batch by batch, and yields the differences as soon as they are certain."""

    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    _lanes: defaultdict[Lane, list[Pair]] = field(default_factory=lambda: defaultdict(list))

    def align(self, before: Sequence[Occurrence], after: Sequence[Occurrence]) -> Iterator[Difference]:
        """Add both sides' results of the same frames; each side in its own order of time."""
        self.before.update(occurrence.name for occurrence in before)
        self.after.update(occurrence.name for occurrence in after)
        for pair in sorted(paired(before, after), key=_time):
            one, other = pair
            lane = _one(pair).lane
            waiting = self._lanes.get(lane)
            if one is not None and other is not None:
                if waiting:
                    yield from self._judge(lane)
                if (one.severity, one.zone, one.data) != (other.severity, other.zone, other.data):
                    yield Difference(Kind.CHANGED, one, other)
                continue
            if waiting and (len(waiting) >= ROOM or abs(_time(pair) - _time(waiting[-1])) > MOVED_WITHIN):
                yield from self._judge(lane)
            self._lanes[lane].append(pair)

    def end(self) -> Iterator[Difference]:
        """Judge what still waits."""
        for lane in [*self._lanes]:
            yield from self._judge(lane)

    def _judge(self, lane: Lane) -> Iterator[Difference]:
        waiting = self._lanes.pop(lane)
        gone = [before for before, _ in waiting if before is not None]
        come = [after for _, after in waiting if after is not None]
        for before, after in aligned(gone, come):
            kind = Kind.ADDED if before is None else Kind.REMOVED if after is None else Kind.MOVED
            yield Difference(kind, before, after)


def paired(before: Iterable[Occurrence], after: Iterable[Occurrence]) -> Iterator[Pair]:
    """Yield each of one batch with its like of the other side: of the same type, device and time."""
    alike: defaultdict[tuple[Lane, datetime], deque[Occurrence]] = defaultdict(deque)
    for occurrence in before:
        alike[occurrence.lane, occurrence.time].append(occurrence)
    for occurrence in after:
        found = alike.get((occurrence.lane, occurrence.time))
        yield (found.popleft() if found else None), occurrence
    for rest in alike.values():
        yield from ((occurrence, None) for occurrence in rest)


def aligned(gone: Sequence[Occurrence], come: Sequence[Occurrence]) -> list[Pair]:
    """Return those that went beside those that came, so that the times are least apart in all.

    The order stays. To stand alone costs half of ``MOVED_WITHIN``: so none is paired over more than that.
    """
    alone_s = MOVED_WITHIN.total_seconds() / 2
    best: list[list[tuple[float, int]]] = [[(k * alone_s, 2) for k in range(len(come) + 1)]]
    for i, one in enumerate(gone, 1):
        row = [(i * alone_s, 1)]
        for k, other in enumerate(come, 1):
            apart_s = abs((other.time - one.time).total_seconds())
            costs = (best[i - 1][k - 1][0] + apart_s, best[i - 1][k][0] + alone_s, row[k - 1][0] + alone_s)
            row.append(min((cost, way) for way, cost in enumerate(costs)))
        best.append(row)
    pairs: list[Pair] = []
    i, k = len(gone), len(come)
    while i or k:
        way = best[i][k][1]
        i, k = i - (way != 2), k - (way != 1)
        pairs.append((gone[i] if way != 2 else None, come[k] if way != 1 else None))
    return pairs[::-1]


def _one(pair: Pair) -> Occurrence:
    occurrence = pair[1] or pair[0]
    assert occurrence is not None  # noqa: S101 - one of the two is there
    return occurrence


def _time(pair: Pair) -> datetime:
    return _one(pair).time
