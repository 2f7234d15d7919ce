"""The ledger: one SQLite file per service that holds its outbox, what it has applied, and its state.

Rules:
1. Everything a batch changes commits in one transaction, synced to the disk (WAL, ``synchronous=FULL``).
2. One thread owns a Ledger. Another thread opens a Ledger of its own on the same file.
3. A write that fails (disk full, file damaged) raises LedgerError and leaves the ledger as it was; the
   process ends on it and starts again from the ledger, so memory and disk never differ.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS life (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    stream TEXT NOT NULL, seq INTEGER NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL, attributes TEXT,
    written REAL NOT NULL, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream (
    name TEXT PRIMARY KEY, head INTEGER NOT NULL, published INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consumer (
    name TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (name, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS applied (
    producer TEXT NOT NULL, stream TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, latest INTEGER NOT NULL,
    PRIMARY KEY (producer, stream, epoch)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


class LedgerError(RuntimeError):
    """The ledger cannot be opened or written; says which file, what SQLite found and what to do."""


class Ledger:
    """An open ledger. ``db`` is the SQLite connection, for tables of a service's own."""

    def __init__(self, path: Path | str, schema: Sequence[str] = ()) -> None:
        self.path = str(path)
        if self.path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            self.db = sqlite3.connect(self.path, isolation_level=None, timeout=10, check_same_thread=True)
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=FULL")
            self.db.execute("PRAGMA temp_store=MEMORY")
            self.db.execute("PRAGMA journal_size_limit=4194304")
            for script in (SCHEMA, *schema):
                self.db.executescript(script)
        except (sqlite3.Error, OSError) as error:
            raise self._explained(error) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the block in one transaction; nests into the one under way. Raises LedgerError on failure."""
        if self.db.in_transaction:
            yield self.db
            return
        try:
            self.db.execute("BEGIN IMMEDIATE")
            yield self.db
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise self._explained(error) from error
        except BaseException:
            self._roll_back()
            raise

    def get(self, key: str) -> bytes | None:
        """Return the state kept under ``key``, or None."""
        row = self.db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, key: str, value: bytes) -> None:
        """Keep ``value`` under ``key``; call inside ``transaction``."""
        self.db.execute(
            "INSERT INTO state VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", (key, value)
        )

    def items(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yield (key, value) of every state whose key begins with ``prefix``, in key order."""
        rows = self.db.execute(
            "SELECT key, value FROM state WHERE key >= ? AND key < ? ORDER BY key", (prefix, prefix + "\U0010ffff")
        )
        for key, value in rows:
            yield str(key), bytes(value)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self.db.close()

    def _roll_back(self) -> None:
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    def _explained(self, error: Exception) -> LedgerError:
        text = str(error)
        advice = next((advice for sign, advice in _ADVICE if sign in text), "see the file and its folder")
        return LedgerError(f"{self.path}: {text}: {advice}")


_ADVICE = (
    ("full", "free some space on that disk; the service goes on from where it stopped"),
    ("locked", "another process uses this ledger; stop it, two services cannot share one"),
    ("unable to open", "check that the folder exists and this user may write to it"),
    ("readonly", "this user may not write there; give it the folder (chown) or choose another with --data"),
    ("Permission", "this user may not write there; give it the folder (chown) or choose another with --data"),
    ("malformed", "the file is damaged; move it away and start again"),
    ("not a database", "the file is damaged or is not a ledger; move it away and start again"),
)
