"""HTTP requests whose answers are bounded in time and in size, whatever the server does.

1. The timeout of urllib3 is that of one read, which a server can drip past: a timer cuts the connection of a request
   that has not ended ``all_s`` after its beginning.
2. No more than ``most_bytes`` of an answer are read, unpacked; ``cut`` says that there was more.
3. Nothing is tried again, and no redirect is followed: it could take headers with secrets elsewhere.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from shared.small_file import read_small


class LateAnswerError(HTTPError):
    """The request took longer than it may."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came, whatever its status. ``data`` is its beginning where it is ``cut``."""

    status: int
    reason: str | None
    headers: Mapping[str, str]
    data: bytes
    cut: bool


class BoundedHttp:
    """Connections to servers, kept from one request to the next. For several threads at a time."""

    def __init__(self, timeout: urllib3.Timeout, all_s: float, most_bytes: int, ca_certs: str | None = None) -> None:
        self._all_s = all_s
        self._most_bytes = most_bytes
        self._ca_certs = ca_certs
        self._under_way = threading.local()
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, timeout=timeout, retries=False, ca_certs=ca_certs)
        self._pool.pool_classes_by_scheme = {
            "http": self._watched(HTTPConnectionPool, HTTPConnection),
            "https": self._watched(HTTPSConnectionPool, HTTPSConnection),
        }

    def request(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """Return the answer; raises LateAnswerError, or what else urllib3 raises where there is none.

        Raises OSError where the file of authorities cannot be used.
        """
        if self._ca_certs is not None:
            read_small(self._ca_certs)  # a pipe would hold up the request for ever
        with self._within() as exchange:
            try:
                answer = self._pool.request(
                    method, url, body=body, headers=headers, redirect=False, preload_content=False
                )
                data = self._read(answer)
            except HTTPError as error:
                raise LateAnswerError(f"no answer within {self._all_s:g} s") if exchange.late else error from error
        if exchange.late:  # where the end of the connection is the answer's own, it seems whole
            raise LateAnswerError(f"no answer within {self._all_s:g} s")
        cut = len(data) > self._most_bytes
        return HttpAnswer(answer.status, answer.reason, answer.headers, data[: self._most_bytes], cut)

    def clear(self) -> None:
        """Let go of connections; safe to call twice."""
        self._pool.clear()

    def _read(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        """Return a byte more than may be, where there is more."""
        data = answer.read(self._most_bytes + 1)
        if len(data) > self._most_bytes:
            answer.close()
        else:
            answer.release_conn()
        return data

    @contextmanager
    def _within(self) -> Iterator[_Exchange]:
        exchange = self._under_way.exchange = _Exchange()
        timer = threading.Timer(self._all_s, exchange.cut)
        timer.daemon = True
        timer.start()
        try:
            yield exchange
        finally:
            timer.cancel()
            self._under_way.exchange = None
            exchange.end()

    def _watched(self, pool: Any, connection: Any) -> Any:
        def watch(wire: socket.socket) -> None:
            if self._under_way.exchange is not None:
                self._under_way.exchange.watch(wire)

        class Watched(connection):  # type: ignore[misc]
            _wire: socket.socket | None = None  # under TLS too: a duplicate, for TLS takes the socket itself away

            def _new_conn(self) -> socket.socket:
                wire: socket.socket = super()._new_conn()
                self._wire = wire.dup()
                watch(self._wire)
                return wire

            def request(self, *given: Any, **more: Any) -> None:
                if self._wire is not None:
                    watch(self._wire)
                super().request(*given, **more)

            def close(self) -> None:
                if self._wire is not None:
                    self._wire.close()
                    self._wire = None
                super().close()

        return type(f"Watched{pool.__name__}", (pool,), {"ConnectionCls": Watched})


class _Exchange:
    """One request under way, and the connection it goes over. The timer's thread may cut it at any time."""

    def __init__(self) -> None:
        self.late = False
        self._lock = threading.Lock()
        self._wire: socket.socket | None = None

    def watch(self, wire: socket.socket) -> None:
        """Cut this one from now on; at once if it is late already."""
        with self._lock:
            self._let_go()
            self._wire = wire.dup()
        if self.late:
            self.cut()

    def cut(self) -> None:
        """Shut the connection down: whoever waits for the server fails."""
        with self._lock:
            self.late = True
            if self._wire is not None:
                with suppress(OSError):
                    self._wire.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None
