"""What is wrong with a ledger, in words a person can act on."""

from __future__ import annotations

import sqlite3
from pathlib import Path


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


class LedgerNewerError(LedgerError):
    """A newer version of Upskeep has written the ledger; this one does not know its tables."""


class MigrationError(LedgerError):
    """A step to newer tables failed; the ledger is as it was."""


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


def is_mismatch(error: Exception) -> bool:
    """Whether SQLite misses a table or a column: no damage, for every start checks how the tables were made."""
    return isinstance(error, sqlite3.Error) and any(sign in str(error) for sign in _MISMATCH)


_DAMAGE = ("malformed", "not a database", "disk I/O error", "Could not decode")
_MISMATCH = ("no such", "has no column", "already exists", "duplicate column", "values were supplied", "values for")
_REPORT = "the program and the tables of this file do not agree; the file is good: report this with your versions"
_ADVICE = (
    ("full", "free some space on that disk; the service goes on from where it stopped"),
    ("locked", "another process uses this ledger; stop it, two services cannot share one"),
    ("unable to open", "check that the folder exists and this user may write to it"),
    ("Not a directory", "something on that path is a file; choose another folder with --data"),
    ("readonly", "this user may not write there; give it the folder (chown) or choose another with --data"),
    ("Permission", "this user may not write there; give it the folder (chown) or choose another with --data"),
    *((sign, _REPORT) for sign in _MISMATCH),
)
