"""Which places of which producers' streams have been counted as they were delivered: runs without a gap.

So an event that comes once more by another way is known, also when it has long left the history. Runs are few: a new
one begins with an epoch, and where messages were lost for good.
"""

from __future__ import annotations

from collections.abc import Iterable

MOST = 500


class SeqIntervals:
    """Runs by (producer, epoch), oldest first; the last run of each is the one that goes on."""

    def __init__(self, kept: Iterable[tuple[str, str, int, int]] = ()) -> None:
        self._runs: dict[tuple[str, str], list[list[int]]] = {}
        for producer, epoch, first, last in kept:
            self._runs.setdefault((producer, epoch), []).append([first, last])

    def add(self, producer: str, epoch: str, seq: int) -> None:
        """Note a place; places come in order."""
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
        """Whether a place has been noted."""
        return any(first <= seq <= last for first, last in self._runs.get((producer, epoch), ()))

    def rows(self) -> list[tuple[str, str, int, int]]:
        """Return what to keep."""
        return [(*place, first, last) for place, runs in self._runs.items() for first, last in runs]

    def _bound(self) -> None:
        """Of too many, join the oldest two of a stream: what was lost between them is then as good as counted.

        Where every stream has one, the shortest goes: a sender that makes up producers pushes out its own.
        """
        while sum(len(runs) for runs in self._runs.values()) > MOST:
            long = next((runs for runs in self._runs.values() if len(runs) > 1), None)
            if long is None:
                del self._runs[min(self._runs, key=self._places)]
            else:
                long[:2] = [[long[0][0], long[1][1]]]

    def _places(self, stream: tuple[str, str]) -> int:
        return sum(last - first + 1 for first, last in self._runs[stream])
