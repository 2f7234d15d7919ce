"""Migrations: the steps that lead the tables of an older ledger to those of this version.

Rules (docs/adr/0023):
1. A version is two counts, of the shared steps and of the service's own: ``steps[n]`` leads from version n to n + 1.
   It stands in ``life`` under ``version``, sealed; a ledger from before there were versions has none, which is 0.0.
2. All steps that are due run in one transaction, shared ones first. A death leaves the old ledger or the new one.
3. A step is frozen: it names tables and columns as they were then, and imports nothing that may change.
4. A step that fails changes nothing and is no damage.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from shared import __version__
from shared.ledger.errors import LedgerNewerError, MigrationError, is_damage
from shared.ledger.examine import open_read_only
from shared.ledger.history import SHARED_STEPS
from shared.ledger.seals import is_sound, keep_value
from shared.ledger.step import Migration, statements

VERSION = "version"  # in ``life``
_PASSING = ("full", "locked", "unable to open", "readonly")  # signs of a fault of the machine, not of a step


@dataclass(frozen=True, slots=True)
class Schema:
    """A service's tables: the statements that make them in a new ledger, and the steps that lead an older one there."""

    tables: Sequence[str] = ()
    steps: Sequence[Migration] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """How many shared and own steps a ledger has behind it, and which Upskeep wrote it last."""

    shared: int = 0
    own: int = 0
    by: str = "a version before the first release"

    def __str__(self) -> str:
        return f"{self.shared}.{self.own}"


def newest(schema: Schema) -> Version:
    """Return the version that this program writes."""
    return Version(len(SHARED_STEPS), len(schema.steps), __version__)


def read_version(db: sqlite3.Connection) -> Version:
    """Return a ledger's version; 0.0 where nothing says one, or what says it is not as it was written."""
    if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'life'").fetchone() is None:
        return Version()
    row = db.execute("SELECT name, value, seal FROM life WHERE name = ?", (VERSION,)).fetchone()
    return Version(**json.loads(row[1])) if row is not None and is_sound(row) else Version()


def write_version(db: sqlite3.Connection, version: Version) -> None:
    """Keep a ledger's version."""
    content = {"shared": version.shared, "own": version.own, "by": version.by}
    keep_value(db, VERSION, json.dumps(content))


def version_of_file(path: Path) -> Version | None:
    """Return the version of the ledger at ``path``; None where there is no ledger that can be read."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    try:
        with closing(open_read_only(path)) as db:
            return read_version(db)
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def refuse_newer(path: Path | str, found: Version, schema: Schema | None) -> None:
    """Raise LedgerNewerError where a newer program has written the ledger at ``path``."""
    known = newest(schema) if schema else Version(len(SHARED_STEPS), found.own, __version__)
    if found.shared > known.shared or found.own > known.own:
        raise LedgerNewerError(
            f"{path}: Upskeep {found.by} wrote this ledger (tables {found}), and Upskeep {__version__} knows tables "
            f"up to {known}: install that version again or a later one, or rename the file to begin a new ledger"
        )


def due(found: Version, schema: Schema | None) -> list[Migration]:
    """Return the steps that a ledger of version ``found`` has before it, in order; no own ones without ``schema``."""
    own = schema.steps[found.own :] if schema else ()
    return [*SHARED_STEPS[found.shared :], *own]


def migrate(db: sqlite3.Connection, path: Path | str, schema: Schema | None) -> None:
    """Lead a ledger to the newest version, inside the caller's transaction; raises MigrationError."""
    found = read_version(db)
    known = newest(schema) if schema else Version(len(SHARED_STEPS), found.own, __version__)
    steps = due(found, schema)
    for step in steps:
        _take(db, step, f"{path}: upgrading its tables from {found} to {known} failed at “{step.title}”")
    if steps:
        write_version(db, known)


def _take(db: sqlite3.Connection, step: Migration, failed: str) -> None:
    try:
        step.run(db)
    except Exception as error:
        if is_damage(error) or (isinstance(error, sqlite3.Error) and any(sign in str(error) for sign in _PASSING)):
            raise
        raise MigrationError(f"{failed}: {error}: {_ADVICE}") from error
    if not db.in_transaction:
        raise MigrationError(f"{failed}: it has ended the transaction that all steps share: {_ADVICE}")


_ADVICE = "nothing in it is changed; go on with the Upskeep that wrote it, and report this"


def make(db: sqlite3.Connection, schema: Schema, shared: str) -> None:
    """Make the tables of a new ledger, inside the caller's transaction."""
    for statement in statements(shared, *schema.tables):
        db.execute(statement)
    write_version(db, newest(schema))
