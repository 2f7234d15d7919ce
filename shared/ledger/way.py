"""How another connection comes to write, while the owner of the ledger keeps a batch open.

One of the same process asks by ``Way.asked``. One of another process, a backup, asks by ``held_sign``: it holds a lock
on a file beside the ledger, which the owner looks for at the end of each turn. A file that was left behind by a process
that was killed is locked by nobody, and asks for nothing.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SIGN = ".way"  # after the ledger's own name


class Way:
    """One for a ledger. ``wake`` ends the owner's wait; it may be called from any thread."""

    def __init__(self, wake: Callable[[], None], ledger: Path | str) -> None:
        self._wake = wake
        self._sign = f"{ledger}{SIGN}"
        self._lock = threading.Lock()
        self._asking = 0
        self._since_commit = False

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Ask the owner to commit, and to keep no batch open until the block ends."""
        with self._lock:
            self._asking += 1
            self._since_commit = True
        self._wake()
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1

    @property
    def wanted(self) -> bool:
        """Whether somebody waits, or has given up waiting since the last commit and will come again."""
        return self._asking > 0 or self._since_commit or _is_held(self._sign)

    def committed(self) -> None:
        """The owner has committed."""
        with self._lock:
            self._since_commit = False


@contextmanager
def held_sign(ledger: Path) -> Iterator[None]:
    """Ask the process that owns the ledger to keep no batch open until the block ends; raises OSError."""
    path = f"{ledger}{SIGN}"
    sign = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(sign, fcntl.LOCK_SH)  # others may ask as well
        yield
    finally:
        Path(path).unlink(missing_ok=True)
        os.close(sign)


def _is_held(path: str) -> bool:
    try:
        sign = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # nobody asks
        return False
    try:
        fcntl.flock(sign, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(sign)
    return False
