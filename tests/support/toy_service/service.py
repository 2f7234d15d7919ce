"""The toy service's work: one row for each event, in the order in which they come, with no defence against repeats."""

from __future__ import annotations

from shared.ledger import Ledger, Schema
from shared.messages import Sequenced

LEDGER_SCHEMA = Schema(("CREATE TABLE journal (place INTEGER PRIMARY KEY, seq INTEGER NOT NULL)",))


class EventJournal:
    """A ``StreamHandler``."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def apply(self, message: Sequenced) -> None:
        """Write the event's number down."""
        self._ledger.db.execute("INSERT INTO journal (seq) VALUES (?)", (message.seq,))
