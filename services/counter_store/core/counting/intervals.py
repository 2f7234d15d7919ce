"""Which ``seq`` of each producer's stream were counted on delivery, as intervals without gaps.

So an event that comes again by another way is recognised even after it has left the history. Intervals are few: a new
one begins with an epoch, and where messages were lost for good.
"""

from __future__ import annotations

from collections.abc import Iterable

MOST = 500


class SeqIntervals:
    """Intervals by (producer, epoch), oldest first; the last of each is still growing."""

    def __init__(self, kept: Iterable[tuple[str, str, int, int]] = ()) -> None:
        self._runs: dict[tuple[str, str], list[list[int]]] = {}
        for producer, epoch, first, last in kept:
            self._runs.setdefault((producer, epoch), []).append([first, last])

    def add(self, producer: str, epoch: str, seq: int) -> None:
        """Add a ``seq``; they come in ascending order, and a lower one is ignored."""
        runs = self._runs.get((producer, epoch))
        if runs is None:
            self._runs[producer, epoch] = [[seq, seq]]
        elif seq == runs[-1][1] + 1:
            runs[-1][1] = seq
        elif seq > runs[-1][1]:
            runs.append([seq, seq])
        else:
            return
        if seq == self._runs[producer, epoch][-1][0]:
            self._bound()

    def holds(self, producer: str, epoch: str, seq: int) -> bool:
        """Whether a ``seq`` was added."""
        return any(first <= seq <= last for first, last in self._runs.get((producer, epoch), ()))

    def rows(self) -> list[tuple[str, str, int, int]]:
        """Return the intervals as (producer, epoch, first, last), to store."""
        return [(*place, first, last) for place, runs in self._runs.items() for first, last in runs]

    def _bound(self) -> None:
        """Keep at most ``MOST``: join the oldest two of a stream, so that the lost ones between them count as counted.

        Where each stream has only one, drop the shortest: a sender that makes up producers drops its own.
        """
        while sum(len(runs) for runs in self._runs.values()) > MOST:
            long = next((runs for runs in self._runs.values() if len(runs) > 1), None)
            if long is None:
                del self._runs[min(self._runs, key=self._places)]
            else:
                long[:2] = [[long[0][0], long[1][1]]]

    def _places(self, stream: tuple[str, str]) -> int:
        return sum(last - first + 1 for first, last in self._runs[stream])
