"""The ids taken from those who offer events, the newest 100,000: what comes again is known."""

from __future__ import annotations

from shared.ledger import Ledger

KEPT = 100_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS offered (
    place INTEGER PRIMARY KEY AUTOINCREMENT, producer TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (producer, id))
"""


class Offered:
    """Implements ``core.pipeline.ports.Seen``. All calls belong inside the batch's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._db = ledger.db
        self._fresh = False

    def is_new(self, producer: str, identity: str) -> bool:
        """Note an id; returns whether it had not been taken before."""
        added = self._db.execute(
            "INSERT INTO offered (producer, id) VALUES (?, ?) ON CONFLICT DO NOTHING", (producer, identity)
        )
        self._fresh = True
        return added.rowcount == 1

    def flush(self) -> None:
        """Let the oldest go."""
        if self._fresh:
            self._db.execute("DELETE FROM offered WHERE place <= (SELECT max(place) FROM offered) - ?", (KEPT,))
        self._fresh = False
