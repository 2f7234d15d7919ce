"""Seals: a CRC-32 of a row's columns, kept in the row's column ``seal`` (docs/adr/0007).

SQLite checks the structure of its pages, not what a row says: a bit that flips inside a number must not become a count.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence

Value = bytes | str | int | float | None


def seal(*values: Value) -> int:
    """Return the CRC-32 of a row's columns."""
    return zlib.crc32(repr(values).encode("utf-8", "surrogatepass"))


def sealed(*values: Value) -> tuple[Value, ...]:
    """Return a row with its seal, as it is written."""
    return (*values, zlib.crc32(repr(values).encode("utf-8", "surrogatepass")))  # ``seal``, for each row written


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
