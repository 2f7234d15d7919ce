"""One migration, and what most of them are made of: running SQL, and writing a table anew with its seals.

In a step's SQL ``seal(…)`` is the seal of its arguments, and ``site()`` the configured site.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.ledger.seals import seal

Run = Callable[[sqlite3.Connection], None]
_OLD = "{}_before_this_step"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step to newer tables. ``title`` says what it does; ``rewrites``: rows change, so a copy is kept before it."""

    title: str
    run: Run
    rewrites: bool = False


def add_functions(db: sqlite3.Connection, site: str) -> None:
    """Give a connection the functions that steps may use in SQL."""
    db.create_function("seal", -1, seal, deterministic=True)
    db.create_function("site", 0, lambda: site, deterministic=True)


def statements(*scripts: str) -> Iterator[str]:
    """Yield the statements of SQL scripts one by one: ``executescript`` would commit what came before."""
    for script in scripts:
        pending = ""
        for part in script.split(";"):
            pending += f"{part};"
            if sqlite3.complete_statement(pending):
                if pending.strip(" \n;"):
                    yield pending.strip()
                pending = ""


def running(*scripts: str) -> Run:
    """Return the ``run`` of a step that is SQL alone."""

    def run(db: sqlite3.Connection) -> None:
        for statement in statements(*scripts):
            db.execute(statement)

    return run


def rewriting(create: str, values: Mapping[str, str] | None = None, then: Sequence[str] = ()) -> Run:
    """Return the ``run`` of a step that writes a table anew as ``create`` makes it (``rewrite``)."""
    return lambda db: rewrite(db, create, values or {}, then)


def rewrite(db: sqlite3.Connection, create: str, values: Mapping[str, str], then: Sequence[str] = ()) -> None:
    """Write a table anew. ``values`` gives SQL for columns that are new or change; others are copied by name.

    A column ``seal`` is worked out of the columns before it, as they are then. Rowids and AUTOINCREMENT's count stay.
    Indexes and views are made again as they were, but for those that ``then``, statements run at the end, makes.
    """
    table = _table(create)
    old = _OLD.format(table)
    leaning = _drop_leaning(db, table)
    db.execute(f'ALTER TABLE "{table}" RENAME TO "{old}"')
    db.execute(create)
    _copy(db, old, table, values)
    _carry_sequence(db, old, table)
    db.execute(f'DROP TABLE "{old}"')
    for statement in then:
        db.execute(statement)
    made = {str(name) for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    for name, sql in leaning.items():
        if name not in made:
            db.execute(sql)


def _table(create: str) -> str:
    found = re.match(r'\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(\w+)', create, re.IGNORECASE)
    if found is None:
        raise ValueError(f"not a CREATE TABLE: {create[:60]!r}")
    return found[1]


def _drop_leaning(db: sqlite3.Connection, table: str) -> dict[str, str]:
    """Drop the table's indexes, and every view; return how they were made, by name."""
    rows = db.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND (type = 'view' OR type = 'index' AND "
        "tbl_name = ?)",
        (table,),
    ).fetchall()
    for kind, name, _ in rows:
        db.execute(f'DROP {kind} "{name}"')
    return {str(name): str(sql) for _, name, sql in rows}


def _copy(db: sqlite3.Connection, old: str, table: str, values: Mapping[str, str]) -> None:
    columns = [str(row[1]) for row in db.execute(f'PRAGMA table_info("{table}")')]
    sources: list[str] = []
    for name in columns:
        sealing = name == "seal" and name not in values
        sources.append(f"seal({', '.join(sources)})" if sealing else values.get(name, f'"{name}"'))
    names = [f'"{name}"' for name in columns]
    (without_rowid,) = db.execute("SELECT wr FROM pragma_table_list(?)", (table,)).fetchone()
    if not without_rowid:
        names, sources = ["rowid", *names], ["rowid", *sources]
    db.execute(f'INSERT INTO "{table}" ({", ".join(names)}) SELECT {", ".join(sources)} FROM "{old}"')  # noqa: S608


def _carry_sequence(db: sqlite3.Connection, old: str, table: str) -> None:
    """Let AUTOINCREMENT go on where it was, also where the newest rows are gone."""
    if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").fetchone() is None:
        return
    db.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    db.execute(
        "INSERT INTO sqlite_sequence (name, seq) SELECT ?, seq FROM sqlite_sequence WHERE name = ?", (table, old)
    )
