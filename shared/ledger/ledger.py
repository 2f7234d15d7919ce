"""The ledger: one SQLite file per service that holds its outbox, what it has applied, and its state.

Rules:
1. Everything a batch changes commits in one transaction, synced to the disk (WAL, ``synchronous=FULL``).
2. One thread owns a Ledger. Another thread opens a Ledger of its own on the same file. Who keeps a ``batch`` open gives
   way when asked (``way``).
3. A write that fails (disk full, file damaged) raises LedgerError and leaves the ledger as it was; the
   process ends on it and starts again from the ledger, so memory and disk never differ.
4. A column ``seal`` holds the ``seal`` of the columns before it; those after it may change (``seals``).
5. An older ledger is led to the newest tables when it is opened (``migrations``); a newer one is refused.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from shared.ledger.errors import LedgerDamagedError, LedgerError, explain
from shared.ledger.examine import APPLICATION_ID
from shared.ledger.migrations import Schema, due, make, migrate, read_version, refuse_newer
from shared.ledger.seals import keep_value, schema_seals, sealed
from shared.ledger.step import add_functions, statements
from shared.ledger.tables import TABLES
from shared.ledger.way import Way

PAGE_BYTES = 1024  # a commit changes a dozen pages by a few bytes each, or adds a row or two
LOG_BYTES = 2_097_152  # of the WAL, before its pages go to the file: pages that change often go once


class Waiting:
    """The block of ``Ledger.may_wait``; a class, since every event has such a block, and a generator takes longer."""

    __slots__ = ("_before", "_ledger")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __enter__(self) -> None:
        self._before = self._ledger.db.total_changes

    def __exit__(self, kind: object, *error: object) -> None:
        if kind is None:
            self._ledger.note_waiting(self._before)


class Ledger:
    """An open ledger. ``db`` is the SQLite connection, for tables of a service's own."""

    def __init__(
        self, path: Path | str, schema: Schema | Sequence[str] = (), site: str = "home", way: Way | None = None
    ) -> None:
        """Open the ledger at ``path``, make it, or lead it to the newest tables; raises LedgerError.

        A plain sequence of statements is for whoever knows a part of the tables: it makes those that are missing.
        ``site`` is for rows from before they named theirs. ``way`` is that of the owner whose batch may be open.
        """
        self.path = str(path)
        self._way = way
        self._committed = 0  # ``total_changes`` as of the last commit
        self._waiting = 0  # changes since then that may wait
        try:
            if self.path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.db = sqlite3.connect(self.path, isolation_level=None, timeout=10, check_same_thread=True)
            self._prepare()
            self._lead_to(schema, site)
        except (sqlite3.Error, OSError) as error:
            if hasattr(self, "db"):
                self.db.close()
            raise self.explained(error) from error
        except LedgerError:
            self.db.close()
            raise
        self._committed = self.db.total_changes

    def _prepare(self) -> None:
        self.db.execute(f"PRAGMA page_size={PAGE_BYTES}")  # of a new file; one that is there keeps its own
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute("PRAGMA temp_store=MEMORY")
        self.db.execute("PRAGMA secure_delete=FAST")  # Debian's SQLite would write each page that was freed, emptied
        self._identify()
        (page_bytes,) = self.db.execute("PRAGMA page_size").fetchone()
        self.db.execute(f"PRAGMA wal_autocheckpoint={LOG_BYTES // page_bytes}")
        self.db.execute("PRAGMA journal_size_limit=4194304")

    def _lead_to(self, schema: Schema | Sequence[str], site: str) -> None:
        """Make the tables of a new ledger, or take the steps that are due, in one transaction."""
        known = schema if isinstance(schema, Schema) else None
        found = read_version(self.db)
        refuse_newer(self.path, found, known)
        is_new = self.db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None
        self.db.execute("BEGIN IMMEDIATE" if is_new or due(found, known) else "BEGIN")
        if is_new:
            make(self.db, known or Schema(), TABLES)
        else:
            add_functions(self.db, site)
            migrate(self.db, self.path, known)
        if not isinstance(schema, Schema):
            for statement in statements(*schema):
                self.db.execute(statement)
        self._note_schema()
        self.db.execute("COMMIT")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the block in one transaction; nests into the one under way. Raises LedgerError on failure."""
        if self.db.in_transaction:
            yield self.db
            return
        with nullcontext() if self._way is None else self._way.asked(), self.batch():
            yield self.db
            self.commit()

    @contextmanager
    def batch(self) -> Iterator[sqlite3.Connection]:
        """Run the block in the batch under way, which stays open until ``commit``; a failure undoes all of it."""
        try:
            if not self.db.in_transaction:
                self.db.execute("BEGIN IMMEDIATE")
            yield self.db
        except sqlite3.Error as error:
            self._roll_back()
            raise self.explained(error) from error
        except BaseException:
            self._roll_back()
            raise

    def commit(self) -> None:
        """Commit the batch that is open, if one is; raises LedgerError, and all of the batch is undone."""
        try:
            if self.db.in_transaction:
                self.db.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise self.explained(error) from error
        self._committed, self._waiting = self.db.total_changes, 0

    def may_wait(self) -> Waiting:
        """What the block writes need not be on the disk before anything leaves: it can be worked out again."""
        return Waiting(self)

    def note_waiting(self, before: int) -> None:
        """Note that what was changed since ``total_changes`` was ``before`` may wait for its commit."""
        self._waiting += self.db.total_changes - before

    @property
    def changed(self) -> bool:
        """Whether the open batch has changed anything."""
        return self.db.total_changes > self._committed

    @property
    def urgent(self) -> bool:
        """Whether the open batch holds a change that was not written inside ``may_wait``."""
        return self.db.total_changes - self._committed > self._waiting

    def get(self, key: str) -> bytes | None:
        """Return the state kept under ``key``, or None."""
        row = self.db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, key: str, value: bytes) -> None:
        """Keep ``value`` under ``key``; call inside ``transaction``."""
        self.db.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", sealed(key, value))

    def put_all(self, values: Sequence[tuple[str, bytes]]) -> None:
        """Keep each value under its key; call inside ``transaction``."""
        self.db.executemany("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", [sealed(*pair) for pair in values])

    def put_calmly(self, key: str, value: bytes) -> None:
        """Keep ``value`` under ``key``; it may wait for its commit."""
        with self.may_wait():
            self.put(key, value)

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
        self._committed, self._waiting = self.db.total_changes, 0
