"""The copy of a ledger from before its rows were rewritten: ``ledger.sqlite.version-<version>``, a ledger of its own.

Only the newest one is kept, and the first start that is ``KEPT_FOR`` later deletes it. To go back to an older Upskeep,
stop the service and put the copy in the place of ``ledger.sqlite``.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from shared.ledger.errors import LedgerError, explain
from shared.ledger.examine import open_read_only

KEPT_FOR = timedelta(days=7)
MARK = ".version-"


def keep_copy(path: Path, version: str) -> Path:
    """Copy the ledger at ``path`` beside it, page by page; raises LedgerError. Older copies go."""
    copy = path.with_name(f"{path.name}{MARK}{version}")
    unfinished = path.with_name(f"{path.name}.copying")
    unfinished.unlink(missing_ok=True)
    try:
        with closing(open_read_only(path)) as source, closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        unfinished.unlink(missing_ok=True)
        raise LedgerError(f"no copy could be kept before its tables change: {explain(path, error)}") from error
    _sync(unfinished)
    unfinished.replace(copy)
    _sync(path.parent)
    for other in copies(path):
        if other != copy:
            other.unlink(missing_ok=True)
    return copy


def copies(path: Path) -> list[Path]:
    """Return the copies beside a ledger."""
    return sorted(path.parent.glob(f"{path.name}{MARK}*"))


def drop_old_copies(path: Path, now: datetime) -> None:
    """Delete copies that have been kept long enough."""
    for copy in copies(path):
        if now.timestamp() - copy.stat().st_mtime > KEPT_FOR.total_seconds():
            copy.unlink(missing_ok=True)


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
