"""The ledger: one SQLite file per service that holds its outbox, what it has applied, and its state.

Rules:
1. Everything a batch changes commits in one transaction, synced to the disk (WAL, ``synchronous=FULL``).
2. One thread owns a Ledger. Another thread opens a Ledger of its own on the same file.
3. A write that fails (disk full, file damaged) raises LedgerError and leaves the ledger as it was; the
   process ends on it and starts again from the ledger, so memory and disk never differ.
4. A column ``seal`` holds the ``seal`` of the columns before it (those after it may change): SQLite checks its
   structure, not its contents, and a bit that flips inside a number must not become a count (docs/adr/0007).
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

APPLICATION_ID = 0x55505331  # "UPS1" in the file's header: what tells a ledger from other SQLite files
SCHEMA = """
CREATE TABLE IF NOT EXISTS life (name TEXT PRIMARY KEY, value TEXT NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    stream TEXT NOT NULL, seq INTEGER NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL, attributes TEXT,
    written REAL NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream (
    name TEXT PRIMARY KEY, head INTEGER NOT NULL, published INTEGER NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consumer (
    name TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (name, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS applied (
    producer TEXT NOT NULL, stream TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, latest INTEGER NOT NULL,
    seal INTEGER NOT NULL, PRIMARY KEY (producer, stream, epoch)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS obeyed (
    id TEXT PRIMARY KEY, result BLOB NOT NULL, place INTEGER NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
"""

Value = bytes | str | int | float | None


class LedgerError(RuntimeError):
    """The ledger cannot be opened or written; says which file, what SQLite found and what to do."""


class LedgerDamagedError(LedgerError):
    """What the ledger holds cannot be right: ``found`` says what; ``certain`` is damage that no look could refute.

    The process ends on it, and the next start sets the ledger aside (``shared.ledger.quarantine``).
    """

    def __init__(self, path: Path | str, found: str, *, certain: bool) -> None:
        super().__init__(f"{path}: {found}: the file is damaged; the next start sets it aside and rebuilds")
        self.found = found
        self.certain = certain


def seal(*values: Value) -> int:
    """Return the CRC-32 of a row's columns."""
    return zlib.crc32(repr(values).encode("utf-8", "surrogatepass"))


def sealed(*values: Value) -> tuple[Value, ...]:
    """Return a row with its seal, as it is written."""
    return (*values, seal(*values))


def is_sound(row: Sequence[Value]) -> bool:
    """Whether a row that ends with its seal is as it was written."""
    return seal(*row[:-1]) == row[-1]


def keep_value(db: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a single value in the table ``life``."""
    db.execute("INSERT OR REPLACE INTO life VALUES (?, ?, ?)", sealed(name, value))


def schema_seals(db: sqlite3.Connection) -> dict[str, int]:
    """Return the seal of how each table and index was made, by name."""
    rows = db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
    return {str(name): seal(sql) for name, sql in rows}


class Ledger:
    """An open ledger. ``db`` is the SQLite connection, for tables of a service's own."""

    def __init__(self, path: Path | str, schema: Sequence[str] = ()) -> None:
        self.path = str(path)
        try:
            if self.path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.db = sqlite3.connect(self.path, isolation_level=None, timeout=10, check_same_thread=True)
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=FULL")
            self.db.execute("PRAGMA temp_store=MEMORY")
            self._identify()
            self.db.execute("PRAGMA journal_size_limit=4194304")
            self.db.executescript(
                "\n".join(("BEGIN;", SCHEMA, *(f"{script.rstrip().rstrip(';')};" for script in schema)))
            )
            self._note_schema()
            self.db.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            if hasattr(self, "db"):
                self.db.close()
            raise self.explained(error) from error

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
            raise self.explained(error) from error
        except BaseException:
            self._roll_back()
            raise

    def get(self, key: str) -> bytes | None:
        """Return the state kept under ``key``, or None."""
        row = self.db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, key: str, value: bytes) -> None:
        """Keep ``value`` under ``key``; call inside ``transaction``."""
        self.db.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", sealed(key, value))

    def drop(self, key: str) -> None:
        """Forget what is kept under ``key``; call inside ``transaction``."""
        self.db.execute("DELETE FROM state WHERE key = ?", (key,))

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

    def explained(self, error: Exception) -> LedgerError:
        """Return a LedgerError that says what SQLite's error means here; LedgerDamagedError where it means damage."""
        return explain(self.path, error)

    def damaged(self, found: str) -> LedgerDamagedError:
        """Return the error for contents that cannot be right; ``found`` says what."""
        return LedgerDamagedError(self.path, found, certain=True)

    def _identify(self) -> None:
        (found,) = self.db.execute("PRAGMA application_id").fetchone()
        if found == 0:
            self.db.execute(f"PRAGMA application_id={APPLICATION_ID}")
        elif found != APPLICATION_ID:
            raise sqlite3.DatabaseError(f"file is not a database of Upskeep's (application_id {found:#x})")

    def _note_schema(self) -> None:
        """Keep how the tables were made: a table whose name has flipped must not be made anew, empty."""
        made = json.dumps(schema_seals(self.db))
        kept = self.db.execute("SELECT value FROM life WHERE name = 'schema'").fetchone()
        if kept is None or kept[0] != made:
            keep_value(self.db, "schema", made)

    def _roll_back(self) -> None:
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")


def explain(path: Path | str, error: Exception) -> LedgerError:
    """Return a LedgerError that names the file, what was found and what to do."""
    text = str(error)
    if is_damage(error):
        return LedgerDamagedError(path, text, certain=False)
    advice = next((advice for sign, advice in _ADVICE if sign in text), "see the file and its folder")
    return LedgerError(f"{path}: {text}: {advice}")


def is_damage(error: Exception) -> bool:
    """Whether an error of SQLite's means that the file is not what was written."""
    return isinstance(error, sqlite3.Error) and any(sign in str(error) for sign in _DAMAGE)


_DAMAGE = ("malformed", "not a database", "disk I/O error", "Could not decode", "no such", "has no column")
_ADVICE = (
    ("full", "free some space on that disk; the service goes on from where it stopped"),
    ("locked", "another process uses this ledger; stop it, two services cannot share one"),
    ("unable to open", "check that the folder exists and this user may write to it"),
    ("Not a directory", "something on that path is a file; choose another folder with --data"),
    ("readonly", "this user may not write there; give it the folder (chown) or choose another with --data"),
    ("Permission", "this user may not write there; give it the folder (chown) or choose another with --data"),
)
