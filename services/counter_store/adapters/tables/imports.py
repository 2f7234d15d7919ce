"""The imports: an event or total that is imported twice, or delivered as well, counts once.

Rules:
1. While the history holds an event, its id identifies it. After that its place in its producer's stream does: a bit for
   each place (``imported_place``) or an interval (``core/counting/intervals.py``). The id of an event without a place
   is kept (``imported_id``).
2. A balance counts once for each origin and type (``opening``). The store refuses its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator
from typing import Any

from services.counter_store.core.counting.intervals import SeqIntervals
from services.counter_store.core.requests.import_batch import Balance, ImportBatch
from services.counter_store.core.requests.questions import TYPES
from shared.delivery.handler import RefusedError
from shared.instants import time_to_us, us_to_time
from shared.ledger import Ledger
from shared.messages import Event
from shared.requests import Command

SCHEMA = """
CREATE TABLE IF NOT EXISTS imported_place (
    producer TEXT NOT NULL, epoch TEXT NOT NULL, block INTEGER NOT NULL, bits BLOB NOT NULL,
    PRIMARY KEY (producer, epoch, block)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS imported_id (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS opening (
    origin TEXT NOT NULL, type TEXT NOT NULL, count INTEGER NOT NULL, at_us INTEGER NOT NULL, label TEXT NOT NULL,
    PRIMARY KEY (origin, type)) WITHOUT ROWID;
"""
BITS = 4096  # places a block
ORIGIN = "origin"


class Imports:
    """All writes happen inside the caller's transaction. ``runs`` is what was delivered."""

    def __init__(self, ledger: Ledger, runs: SeqIntervals) -> None:
        self._ledger = ledger
        self._db = ledger.db
        self.runs = runs
        self._epochs = set(self._db.execute("SELECT DISTINCT producer, epoch FROM imported_place"))

    def origin(self) -> str:
        """Return the id of this ledger; made on the first call."""
        kept = self._ledger.get(ORIGIN)
        if kept is None:
            kept = uuid.uuid4().hex.encode()
            self._ledger.put(ORIGIN, kept)
        return kept.decode()

    def knows(self, event: Event) -> bool:
        """Whether the event has been counted, as far as that can be known without the history."""
        if not _has_place(event):
            return self._db.execute("SELECT 1 FROM imported_id WHERE id = ?", (event.id,)).fetchone() is not None
        return self.runs.holds(event.producer, event.epoch, event.seq) or self._imported(event)

    def delivered(self, event: Event) -> bool:
        """Note a delivered event; return whether it was imported before."""
        self.runs.add(event.producer, event.epoch, event.seq)
        return self._imported(event)

    def _imported(self, event: Event) -> bool:
        if (event.producer, event.epoch) not in self._epochs:
            return False
        block, bit = divmod(event.seq, BITS)
        return bool(self._block(event, block)[bit // 8] & 1 << bit % 8)

    def mark_counted(self, event: Event) -> None:
        """Note that it has been counted."""
        if not _has_place(event):
            self._db.execute("INSERT OR IGNORE INTO imported_id VALUES (?)", (event.id,))
            return
        block, bit = divmod(event.seq, BITS)
        bits = self._block(event, block)
        bits[bit // 8] |= 1 << bit % 8
        row = (event.producer, event.epoch, block, bytes(bits))
        self._db.execute("INSERT OR REPLACE INTO imported_place VALUES (?, ?, ?, ?)", row)
        self._epochs.add((event.producer, event.epoch))

    def import_batch(
        self,
        command: Command,
        keep: Callable[[Event], bool],
        open_balance: Callable[[Balance], None],
        known: Collection[str],
    ) -> dict[str, Any]:
        """Carry out ``import``: pass on what is new; return the number of new events, and the new balances.

        ``known`` types are counted already; raises RefusedError, and changes nothing, if there would be too many.
        """
        if command.name != "import":
            raise RefusedError(f"counter_store takes no command {command.name!r}; it takes import")
        batch = ImportBatch.model_validate(command.data)
        added = {one.type for one in batch.events} | {one.type for one in batch.balances}
        added.difference_update(known)
        if added and len(known) + len(added) > TYPES:
            some = ", ".join(sorted(added)[:5])
            raise RefusedError(f"with {some} there would be more than {TYPES:,} types; nothing of this was counted")
        new, opened = 0, {}
        for event in batch.events:
            if event.metadata.get("replayed") is not True and not self.knows(event):
                self.mark_counted(event)
                new += keep(event)
        for balance in batch.balances:
            if self.open(batch.origin, batch.label, balance):
                open_balance(balance)
                opened[balance.type] = balance.count
        return {"new": new, "known": len(batch.events) - new, "opened": opened}

    def open(self, origin: str, label: str, balance: Balance) -> bool:
        """Note a balance; return False, and change nothing, if it is known or the store's own."""
        if origin == self.origin():
            return False
        row = (origin, balance.type, balance.count, time_to_us(balance.at), label)
        return self._db.execute("INSERT OR IGNORE INTO opening VALUES (?, ?, ?, ?, ?)", row).rowcount == 1

    def openings(self) -> Iterator[dict[str, object]]:
        """Yield every balance."""
        for origin, name, count, at_us, label in self._db.execute("SELECT * FROM opening ORDER BY origin, type"):
            yield {"origin": origin, "label": label, "type": name, "count": count, "at": us_to_time(at_us)}

    def _block(self, event: Event, block: int) -> bytearray:
        row = self._db.execute(
            "SELECT bits FROM imported_place WHERE producer = ? AND epoch = ? AND block = ?",
            (event.producer, event.epoch, block),
        ).fetchone()
        return bytearray(BITS // 8) if row is None else bytearray(row[0])


def _has_place(event: Event) -> bool:
    return bool(event.producer and event.epoch and event.seq)
