"""Reading a damaged ledger: whatever can be read, row by row, and nothing that is not as it was written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.ledger.examine import open_read_only
from shared.ledger.seals import Value, is_sound

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
GAP_ROWS = 5_000  # so many rows in a row unreadable, more than one inner page leads to: the rest is given up


def open_aside(path: Path) -> sqlite3.Connection | None:
    """Open a ledger that was set aside, with its log if that can be read, else without; None if neither."""
    for immutable in (False, True):
        db = None
        try:
            db = open_read_only(path, immutable=immutable)
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except UNREADABLE:
            if db is not None:
                db.close()
        else:
            return db
    return None


def sound_rows(db: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[tuple[Value, ...]]:
    """Yield ``columns`` (all that the seal covers) of a table's rows by rowid, from 1; unreadable pages are skipped.

    A row whose seal does not fit is left out too: its id might be another one's.
    """
    end = len(columns) + 1
    query = f"SELECT rowid, {', '.join(columns)}, seal FROM {table} WHERE rowid > ? ORDER BY rowid"  # noqa: S608
    last, missed = 0, 0
    while missed < GAP_ROWS:
        try:
            for row in db.execute(query, (last,)):
                last, missed = int(row[0]), 0
                if is_sound(row[1:]):
                    yield row[1:end]
        except UNREADABLE:
            last, missed = last + 1, missed + 1
        else:
            return


def waiting(db: sqlite3.Connection) -> dict[str, int]:
    """Return how many messages of each stream still waited in the outbox, as far as that can be read."""
    found: dict[str, int] = {}
    try:
        for (stream,) in db.execute("SELECT stream FROM outbox"):
            if isinstance(stream, str):
                found[stream] = found.get(stream, 0) + 1
    except UNREADABLE:
        pass
    return dict(sorted(found.items())[:10])
