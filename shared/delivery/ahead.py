"""Rows that leave before they are committed: calm readings of hardware (docs/adr/0048). A machine without I/O or clock.

``wanted``   ``begun``   what happens
-----------  ----------  ------------------------------------------------------------------------------
no           no          every row commits before it leaves
yes          no          the batch notes in the ledger that rows will be ahead of it, and commits
yes          yes         calm rows leave from the open batch; one that is not heard by all in time commits it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.delivery.commits import SPILL_S

FLOWING = "raw"  # the stream whose rows that are ahead differ in numbers alone: the next follows within a poll


class Placed(Protocol):
    """A row: its stream and its number there."""

    @property
    def stream(self) -> str:
        """The stream's name."""

    @property
    def seq(self) -> int:
        """The number."""


@dataclass(slots=True)
class Ahead:
    """What one producer has let go of without a commit."""

    wanted: bool = False
    begun: bool = False
    _open: dict[str, list[tuple[int, float]]] = field(default_factory=dict)  # by stream: rows not committed, since when

    @property
    def must_begin(self) -> bool:
        """Whether the ledger is to note it now."""
        return self.wanted and not self.begun

    def note(self, rows: Iterable[Placed], now: float) -> None:
        """These rows are in the open batch."""
        for row in rows:
            self._open.setdefault(row.stream, []).append((row.seq, now))

    def holds(self, stream: str, seq: int) -> bool:
        """Whether a row is in the open batch."""
        return any(first <= seq for first, _ in self._open.get(stream, ())[:1])

    def trimmed(self, stream: str, through: int) -> None:
        """Rows up to ``through`` are on the disk of every consumer: nobody's word of them is waited for."""
        if rows := self._open.get(stream):
            del rows[: max(0, through + 1 - rows[0][0])]
            if not rows:
                del self._open[stream]

    def unheard(self, now: float, heard: Mapping[str, int]) -> bool:
        """Whether a row waits since ``SPILL_S`` that not all have heard, by stream as ``heard`` says.

        A consumer that died may have heard less than before. Open rows follow one another without a gap.
        """
        for stream, rows in self._open.items():
            first = max(0, heard.get(stream, 0) + 1 - rows[0][0])
            if first < len(rows) and now - rows[first][1] >= SPILL_S:
                return True
        return False

    def committed(self) -> None:
        """The batch is on the disk."""
        self._open.clear()
        self.begun = self.wanted
