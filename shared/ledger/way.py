"""How another connection of the same process comes to write, while the owner of the ledger keeps a batch open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Way:
    """One for a ledger. ``wake`` ends the owner's wait; it may be called from any thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
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
        return self._asking > 0 or self._since_commit

    def committed(self) -> None:
        """The owner has committed."""
        with self._lock:
            self._since_commit = False
