"""The newest 100,000 ids of offers, to recognise repeats.

At the bound the oldest ids of the producer with the most are deleted, so a flood makes no other producer's repeat look
new.
"""

from __future__ import annotations

from services.event_processor.core.limits import OFFER_IDS
from services.event_processor.core.shares import Shares
from shared.ledger import Ledger
from shared.limits import LimitReports

SCHEMA = """
CREATE TABLE IF NOT EXISTS offered (
    place INTEGER PRIMARY KEY AUTOINCREMENT, producer TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (producer, id))
"""


class Offered:
    """Implements ``core.pipeline.ports.SeenIds``. All calls belong inside the batch's transaction."""

    def __init__(self, ledger: Ledger, limits: LimitReports, most: int = OFFER_IDS.most) -> None:
        self._db = ledger.db
        self._limits = limits
        held = ledger.db.execute("SELECT producer, count(*) FROM offered GROUP BY producer")
        self._shares = Shares(dict(held), most)

    def is_new(self, producer: str, identity: str) -> bool:
        """Note an id; return whether it is new."""
        added = self._db.execute(
            "INSERT INTO offered (producer, id) VALUES (?, ?) ON CONFLICT DO NOTHING", (producer, identity)
        )
        if added.rowcount != 1:
            return False
        self._shares.add(producer)
        return True

    def flush(self) -> None:
        """Delete the oldest ids beyond the bound."""
        for producer, gone in self._shares.excess():
            self._db.execute(
                "DELETE FROM offered WHERE place IN "
                "(SELECT place FROM offered WHERE producer = ? ORDER BY place LIMIT ?)",
                (producer, gone),
            )
            self._limits.note(OFFER_IDS, producer, most=self._shares.most)
