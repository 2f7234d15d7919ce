"""The ids taken from those who offer events, the newest 100,000: what comes again is known.

At the bound the oldest ids go of whoever has the most, so a flood makes nobody else's repeat look new.
"""

from __future__ import annotations

from collections import Counter

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
        self._held = Counter(dict(ledger.db.execute("SELECT producer, count(*) FROM offered GROUP BY producer")))
        self._total = self._held.total()

    def is_new(self, producer: str, identity: str) -> bool:
        """Note an id; returns whether it had not been taken before."""
        added = self._db.execute(
            "INSERT INTO offered (producer, id) VALUES (?, ?) ON CONFLICT DO NOTHING", (producer, identity)
        )
        if added.rowcount != 1:
            return False
        self._held[producer] += 1
        self._total += 1
        return True

    def flush(self) -> None:
        """Let the oldest go of who has the most."""
        while self._total > KEPT:
            producer, held = self._held.most_common(1)[0]
            gone = min(held, self._total - KEPT + KEPT // 100)  # a few more: it takes a look at all that the sender has
            self._db.execute(
                "DELETE FROM offered WHERE place IN "
                "(SELECT place FROM offered WHERE producer = ? ORDER BY place LIMIT ?)",
                (producer, gone),
            )
            self._held[producer] -= gone
            self._held += Counter()  # without who has none left
            self._total -= gone
