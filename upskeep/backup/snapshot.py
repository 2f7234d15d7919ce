"""All ledgers at one moment, while their services go on.

A ledger copied a moment before another would be of no use: what one service had confirmed in between, the other has
let go of. So every ledger is locked against writing, a read of each is begun, and only then they are let go; the copies
are made from the reads. Services that keep a batch open are asked to end it first (``held_sign``), so that no lock is
held for longer than a turn of the slowest takes, and never for as long as a service waits for one.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from shared.ledger import LedgerError
from shared.ledger.errors import explain
from shared.ledger.examine import open_read_only
from shared.ledger.way import held_sign

LOCKED_S = 8.0  # from the first lock on; a service that waits for its ledger gives up after 10
TRIES = 4
PAGES = 2048  # a step: 8 MB
Bar = Callable[[int, int], None]  # how many pages are copied, of how many


@contextmanager
def at_one_moment(ledgers: Mapping[str, Path]) -> Iterator[dict[str, sqlite3.Connection]]:
    """Yield a read of each ledger, all of the same moment; raises LedgerError."""
    with ExitStack() as reads:
        found: dict[str, sqlite3.Connection] = {}
        with _locked(ledgers.values()):
            for name, path in ledgers.items():
                try:
                    read = found[name] = reads.enter_context(closing(open_read_only(path)))
                    read.execute("BEGIN")
                    read.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # the read begins here
                except sqlite3.Error as error:
                    raise explain(path, error) from error
        yield found


@contextmanager
def _locked(ledgers: Collection[Path]) -> Iterator[None]:
    """Let nobody write to any of them; raises LedgerError."""
    with ExitStack() as asked:
        for path in ledgers:
            with suppress(OSError):  # whoever may not ask waits for a moment without a batch
                asked.enter_context(held_sign(path))
        for left in reversed(range(TRIES)):
            with ExitStack() as locks:
                try:
                    _lock(ledgers, locks)
                except LedgerError:
                    if not left:
                        raise
                    continue
                yield
                return


def _lock(ledgers: Collection[Path], locks: ExitStack) -> None:
    until = time.monotonic() + LOCKED_S
    for path in ledgers:
        wait_s = max(0.1, until - time.monotonic())
        try:
            lock = locks.enter_context(closing(sqlite3.connect(path, isolation_level=None, timeout=wait_s)))
            lock.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise explain(path, error) from error


def copy(read: sqlite3.Connection, to: Path, bar: Bar) -> None:
    """Write what ``read`` sees to a ledger of its own; raises LedgerError."""
    try:
        with closing(sqlite3.connect(to)) as target:
            read.backup(target, pages=PAGES, progress=lambda _, left, total: bar(total - left, total))
    except sqlite3.Error as error:
        raise explain(to, error) from error
