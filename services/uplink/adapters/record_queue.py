"""The records that wait for the fleet's log, and those it refused: tables of the ledger.

Rules:
1. Events and alerts wait in order; past the bound the oldest go, counted. Numbers are never used twice.
2. Of a device's states only the latest waits.
3. The service adds, the shipper takes; each has a RecordQueue over a Ledger of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.uplink.core.ports import Entry
from shared.ledger import Ledger, is_sound, sealed
from shared.site_records import SiteRecord, encode

SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    key BLOB NOT NULL, value BLOB NOT NULL, written REAL NOT NULL, seal INTEGER NOT NULL,
    place INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE IF NOT EXISTS latest (
    device TEXT PRIMARY KEY, seq INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, seal INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused_record (
    place INTEGER PRIMARY KEY AUTOINCREMENT, value BLOB NOT NULL, reason TEXT NOT NULL, time TEXT NOT NULL);
"""
REFUSED_KEPT = 1000
DEVICES = 10_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """One record in the queue: an event or alert by its place, or a device's latest state by its seq."""

    entry: Entry
    place: int = 0
    device: str = ""
    seq: int = 0


class RecordQueue:
    """The queue over one connection."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._db = ledger.db

    # ---- the service's side, inside its transaction

    def add(self, record: SiteRecord, written: float) -> None:
        """Append a record."""
        key, value = encode(record)
        self._db.execute(
            "INSERT INTO waiting (key, value, written, seal) VALUES (?, ?, ?, ?)", sealed(key, value, written)
        )

    def replace(self, device: str, record: SiteRecord) -> None:
        """Put a device's state in the place of the one before; it may wait for its commit, for the broker keeps it."""
        key, value = encode(record)
        with self._ledger.may_wait():
            self._db.execute(
                "INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?, ?)", sealed(device, record.seq, key, value)
            )
            self._db.execute(
                "DELETE FROM latest WHERE seq <= (SELECT seq FROM latest ORDER BY seq DESC LIMIT 1 OFFSET ?)",
                (DEVICES,),
            )

    def bound(self, most: int) -> int:
        """Let the oldest go beyond ``most``; returns how many went."""
        _, last = self._ends()
        return self._db.execute("DELETE FROM waiting WHERE place <= ?", (last - most,)).rowcount

    # ---- the shipper's side

    def oldest(self, limit: int) -> list[Waiting]:
        """Return up to ``limit`` records, at most half of them states; raises LedgerDamagedError for a damaged one."""
        states = self._db.execute("SELECT * FROM latest ORDER BY seq LIMIT ?", (limit // 2,)).fetchall()
        found = [
            Waiting(Entry(key, value), device=device, seq=seq) for device, seq, key, value in map(self._sound, states)
        ]
        query = "SELECT key, value, written, place, seal FROM waiting ORDER BY place LIMIT ?"
        rows = self._db.execute(query, (limit - len(found),)).fetchall()
        for row in rows:
            key, value, _ = self._sound((*row[:3], row[4]))
            found.append(Waiting(Entry(key, value), place=row[3]))
        return found

    def forget(self, records: Iterable[Waiting]) -> None:
        """Remove records that the log has confirmed; a state that came meanwhile stays."""
        with self._ledger.transaction():
            self._remove(records)

    def set_aside(self, record: Waiting, reason: str, now: datetime) -> None:
        """Move a refused record out of the way, with the reason; the oldest of them go."""
        with self._ledger.transaction() as db:
            self._remove([record])
            row = db.execute(
                "INSERT INTO refused_record (value, reason, time) VALUES (?, ?, ?)",
                (record.entry.value, reason, now.isoformat()),
            )
            db.execute("DELETE FROM refused_record WHERE place <= ?", ((row.lastrowid or 0) - REFUSED_KEPT,))

    def pending(self) -> int:
        """Return how many records wait."""
        first, last = self._ends()
        (states,) = self._db.execute("SELECT count(*) FROM latest").fetchone()
        return last - first + 1 + int(states)

    def waiting_since(self) -> float | None:
        """Return when the oldest event or alert that waits was written; None where none does."""
        row = self._db.execute("SELECT written FROM waiting ORDER BY place LIMIT 1").fetchone()
        return None if row is None else float(row[0])

    def refused(self) -> list[str]:
        """Return the reasons of the records set aside, oldest first."""
        return [str(reason) for (reason,) in self._db.execute("SELECT reason FROM refused_record ORDER BY place")]

    def _remove(self, records: Iterable[Waiting]) -> None:
        rows = list(records)
        self._db.executemany("DELETE FROM waiting WHERE place = ?", [(row.place,) for row in rows if row.place])
        states = [(row.device, row.seq) for row in rows if row.device]
        self._db.executemany("DELETE FROM latest WHERE device = ? AND seq = ?", states)

    def _sound(self, row: Sequence[Any]) -> Sequence[Any]:
        """Return a row without its seal."""
        if not is_sound(row):
            raise self._ledger.damaged("a record that waits for the fleet's log is not as it was written")
        return row[:-1]

    def _ends(self) -> tuple[int, int]:
        # One statement, since the other side may delete meanwhile.
        first, last = self._db.execute(
            "SELECT (SELECT min(place) FROM waiting), (SELECT max(place) FROM waiting)"
        ).fetchone()
        return (1, 0) if first is None else (int(first), int(last))
