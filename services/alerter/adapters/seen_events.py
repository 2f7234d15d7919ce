"""The ids of the events that rules have judged, to recognise repeats that delivery cannot.

A producer whose ledger was rebuilt makes events of the same causes again, with the same ids but in a new epoch.
"""

from __future__ import annotations

from shared.ledger import Ledger

ROOM = 100_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS seen_event (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);
"""


class SeenEvents:
    """The newest ``room`` ids in an open ledger. All calls belong inside the batch's transaction, and may wait."""

    def __init__(self, ledger: Ledger, room: int = ROOM) -> None:
        self._ledger = ledger
        self._db = ledger.db
        self._room = room

    def is_new(self, identity: str) -> bool:
        """Note an id; return whether it is new."""
        with self._ledger.may_wait():
            return self._db.execute("INSERT OR IGNORE INTO seen_event (id) VALUES (?)", (identity,)).rowcount > 0

    def forget(self) -> None:
        """Delete the oldest beyond ``room``."""
        with self._ledger.may_wait():
            (last,) = self._db.execute("SELECT coalesce(max(place), 0) FROM seen_event").fetchone()
            self._db.execute("DELETE FROM seen_event WHERE place <= ?", (last - self._room,))
