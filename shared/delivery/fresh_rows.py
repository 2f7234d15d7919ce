"""Rows that are written and have yet to leave: kept for a moment, so that most are never read back.

Bounded by rows and bytes. A consumer that is slower gets what stands in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.delivery.row import Row

MOST_ROWS = 4000
MOST_BYTES = 2_000_000


class FreshRows:
    """By stream and seq."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int], Row] = {}
        self._bytes = 0

    def add(self, rows: Iterable[Row]) -> None:
        """Keep rows; where there are too many, none."""
        for row in rows:
            self._rows[row.stream, row.seq] = row
            self._bytes += len(row.payload)
        if len(self._rows) > MOST_ROWS or self._bytes > MOST_BYTES:
            self.clear()

    def take(self, stream: str, seqs: range) -> list[Row] | None:
        """Return the rows of ``seqs``, in order, and let go of them; None unless all are here."""
        keys = [(stream, seq) for seq in seqs]
        rows = [row for key in keys if (row := self._rows.get(key)) is not None]
        if len(rows) < len(keys):
            return None
        for key in keys:
            del self._rows[key]
        self._bytes -= sum([len(row.payload) for row in rows])
        return rows

    def clear(self) -> None:
        """Let go of all."""
        self._rows.clear()
        self._bytes = 0
