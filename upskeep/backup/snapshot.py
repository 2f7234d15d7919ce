"""All ledgers at one moment, while their services go on.

A ledger copied a moment before another would be of no use: what one service had confirmed in between, the other has
let go of. So every ledger is locked against writing, a read of each is begun, and only then they are let go; the locks
are held for milliseconds, and the copies are made from the reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from shared.ledger.errors import explain
from shared.ledger.examine import open_read_only

LOCK_S = 30.0
PAGES = 2048  # a step: 8 MB
Bar = Callable[[int, int], None]  # how many pages are copied, of how many


@contextmanager
def at_one_moment(ledgers: Mapping[str, Path]) -> Iterator[dict[str, sqlite3.Connection]]:
    """Yield a read of each ledger, all of the same moment; raises LedgerError."""
    with ExitStack() as reads:
        found: dict[str, sqlite3.Connection] = {}
        with ExitStack() as locks:
            for path in ledgers.values():
                try:
                    lock = locks.enter_context(closing(sqlite3.connect(path, isolation_level=None, timeout=LOCK_S)))
                    lock.execute("BEGIN IMMEDIATE")
                except sqlite3.Error as error:
                    raise explain(path, error) from error
            for name, path in ledgers.items():
                try:
                    read = found[name] = reads.enter_context(closing(open_read_only(path)))
                    read.execute("BEGIN")
                    read.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # the read begins here
                except sqlite3.Error as error:
                    raise explain(path, error) from error
        yield found


def copy(read: sqlite3.Connection, to: Path, bar: Bar) -> None:
    """Write what ``read`` sees to a ledger of its own; raises LedgerError."""
    try:
        with closing(sqlite3.connect(to)) as target:
            read.backup(target, pages=PAGES, progress=lambda _, left, total: bar(total - left, total))
    except sqlite3.Error as error:
        raise explain(to, error) from error
