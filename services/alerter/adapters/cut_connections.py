"""An HTTP pool whose answers end in time: the timeout of urllib3 is that of one read, which a server can drip past."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class CutConnections:
    """One connection at a time, which ``within`` cuts. Not for several threads at a time."""

    def __init__(self, timeout: urllib3.Timeout) -> None:
        self._wire: socket.socket | None = None  # the connection's own under TLS too, for it is a duplicate
        self.late = False
        self.pool = urllib3.PoolManager(num_pools=1, maxsize=1, timeout=timeout, retries=False)
        self.pool.pool_classes_by_scheme = {
            "http": self._noting(HTTPConnectionPool, HTTPConnection),
            "https": self._noting(HTTPSConnectionPool, HTTPSConnection),
        }

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Cut the connection if the block takes longer; then ``late`` is true, and what waits for the server fails."""
        self.late = False
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def close(self) -> None:
        """Let go of the connection."""
        self.pool.clear()
        self._note(None)

    def _cut(self) -> None:
        self.late = True
        if self._wire is not None:
            with suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)

    def _note(self, wire: socket.socket | None) -> None:
        if self._wire is not None:
            self._wire.close()
        self._wire = wire

    def _noting(self, pool: Any, connection: Any) -> Any:
        def new_conn(made: Any) -> socket.socket:
            wire: socket.socket = connection._new_conn(made)
            self._note(wire.dup())
            return wire

        noting = type(f"Noting{connection.__name__}", (connection,), {"_new_conn": new_conn})
        return type(f"Noting{pool.__name__}", (pool,), {"ConnectionCls": noting})
