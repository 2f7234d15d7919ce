"""Which offers were made into records: a table of the ledger, written with them. A broker may give one again."""

from __future__ import annotations

from shared.ledger import Ledger, Migration
from shared.ledger.step import running

TABLE = """
CREATE TABLE offered (
    place INTEGER PRIMARY KEY AUTOINCREMENT, producer TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (producer, id));
"""
STEP = Migration("remember what was offered at a site that only reads", running(TABLE))
MOST = 10_000


class OfferedIds:
    """The newest ``MOST`` ids of those who offer."""

    def __init__(self, ledger: Ledger) -> None:
        self._db = ledger.db

    def is_new(self, producer: str, identity: str) -> bool:
        """Note an id; returns whether it was not there. Inside the transaction that adds the record."""
        row = (producer, identity)
        added = self._db.execute("INSERT INTO offered (producer, id) VALUES (?, ?) ON CONFLICT DO NOTHING", row)
        if added.rowcount != 1:
            return False
        self._db.execute("DELETE FROM offered WHERE place <= ?", ((added.lastrowid or 0) - MOST,))
        return True
