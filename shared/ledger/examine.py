"""Is this file the ledger that was written? Asked before a service opens it.

What each look can see (docs/adr/0007):
1. Always: that it is a ledger, that every table it was made with is there, and the seals of the small tables.
2. After a stop that was not clean: SQLite's ``quick_check``, every page of it.
3. When damage is suspected, and always where the file is small: ``integrity_check`` and every row of every table.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from shared.ledger.errors import explain, is_damage, is_mismatch
from shared.ledger.seals import is_sound, schema_seals

APPLICATION_ID = 0x55505331  # "UPS1" in the file's header: what distinguishes a ledger from other SQLite files
SMALL_BYTES = 4_194_304  # read through in well under a second
SMALL_TABLES = ("life", "stream", "consumer", "applied", "state")


def open_read_only(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """Open a ledger without changing it; ``immutable`` reads the file alone, without its log."""
    mode = "immutable=1" if immutable else "mode=ro"
    return sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, isolation_level=None, timeout=10)


def examine(path: Path, *, unclean: bool = False, suspect: bool = False) -> str | None:
    """Return what is wrong with the ledger at ``path`` in a few words, or None; a missing one is new, not damaged.

    Raises LedgerError when it cannot be looked at, for a reason that is no damage (locked, no permission).
    """
    if not path.exists():
        return None
    if path.stat().st_size == 0:
        return "the file is empty"
    try:
        with closing(open_read_only(path)) as db:
            thorough = suspect or path.stat().st_size <= SMALL_BYTES
            return _identity(db) or _structure(db, unclean=unclean, thorough=thorough) or _contents(db, thorough)
    except UnicodeDecodeError:  # SQLite's own message quotes what it could not make sense of
        return "the description of its tables is not text"
    except sqlite3.Error as error:
        if is_damage(error) or is_mismatch(error):  # every name asked for is one that the file itself says
            return " ".join(str(error).split())[:200]
        raise explain(path, error) from error


def tables(db: sqlite3.Connection) -> dict[str, list[str]]:
    """Return the columns of each table."""
    names = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'").fetchall()
    return {name: [str(row[1]) for row in db.execute(f'PRAGMA table_info("{name}")')] for (name,) in names}


def _identity(db: sqlite3.Connection) -> str | None:
    (found,) = db.execute("PRAGMA application_id").fetchone()
    made = schema_seals(db)
    if not made:
        return None if found in (0, APPLICATION_ID) else f"application_id is {found:#x}"
    if found != APPLICATION_ID:
        return f"not a ledger: application_id is {found:#x}"
    kept = db.execute("SELECT value FROM life WHERE name = 'schema'").fetchone() if "life" in made else None
    if kept is None:  # it died while it was made, before anything was written into it
        used = [name for name in tables(db) if db.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()]  # noqa: S608
        return f"nothing says how its tables were made, and {used[0]} is in use" if used else None
    return _changed(str(kept[0]), made)


def _changed(kept: str, made: dict[str, int]) -> str | None:
    try:
        expected = json.loads(kept)
    except ValueError:
        return "the row life/schema is not as it was written"
    changed = [name for name, mark in expected.items() if made.get(name) != mark]
    return f"{changed[0]} is not there as it was made" if changed else None


def _structure(db: sqlite3.Connection, *, unclean: bool, thorough: bool) -> str | None:
    if not unclean and not thorough:
        return None
    finding = db.execute("PRAGMA integrity_check(1)" if thorough else "PRAGMA quick_check(1)").fetchone()
    return None if finding[0] == "ok" else " ".join(str(finding[0]).replace("***", "").split())


def _contents(db: sqlite3.Connection, thorough: bool) -> str | None:
    for name, columns in tables(db).items():
        if thorough or name in SMALL_TABLES:
            end = columns.index("seal") + 1 if "seal" in columns else 0
            for row in db.execute(f'SELECT * FROM "{name}"'):  # noqa: S608 - names from the file's own schema
                if end and not is_sound(row[:end]):
                    return f"a row of {name} is not as it was written"
    return None
