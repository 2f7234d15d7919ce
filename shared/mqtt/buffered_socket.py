"""A socket with a buffer on each side, for a client that reads by the byte and writes by the packet.

paho-mqtt takes a packet apart by ``recv`` of one, two and the remaining bytes, and sends each PUBLISH and
PUBACK by itself: six calls to the system a message. With the buffers it is a fraction of one.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from typing import Any

CHUNK = 65_536
WRITE_TIMEOUT_S = 20.0
QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux; it holds until the next read


class BufferedSocket:
    """Behaves as the non-blocking socket it wraps (plain or TLS); ``hold`` and ``flush`` are for the writer."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is flushed is meant to go
        self._read = b""
        self._at = 0
        self._lock = threading.Lock()
        self._held: bytearray | None = None
        self.tls_fault: ssl.SSLError | None = None  # why reading ended, where TLS did

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)

    def fileno(self) -> int:
        """The socket's own number, for select."""
        return int(self.sock.fileno())

    def recv(self, size: int) -> bytes:
        """Return up to ``size`` bytes, from the buffer or the socket; raises as the socket does when there is none."""
        if self._at >= len(self._read):
            self._read, self._at = self._receive(), 0
            self._answer_now()
        part = self._read[self._at : self._at + size]
        self._at += len(part)
        return part

    def _receive(self) -> bytes:
        try:
            return bytes(self.sock.recv(CHUNK))
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self.tls_fault = error
            raise

    def _answer_now(self) -> None:
        """Acknowledge what came without the usual 40 ms: a broker that gathers small packets waits for it."""
        if QUICK_ACK is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)

    def pending(self) -> int:
        """How many bytes are here already, so that nobody waits for the socket."""
        below = self.sock.pending() if hasattr(self.sock, "pending") else 0
        return len(self._read) - self._at + int(below)

    def send(self, data: bytes) -> int:
        """Send, or collect while held."""
        with self._lock:
            if self._held is not None:
                self._held += data
                return len(data)
            try:
                return int(self.sock.send(data))
            except ssl.SSLEOFError as error:
                self.tls_fault = self._last_words() or error
                raise

    def _last_words(self) -> ssl.SSLError | None:
        """Return the alert that the other side left when it ended the connection, if it is still to be read."""
        try:
            self.sock.recv(1)
        except ssl.SSLError as alert:
            return None if isinstance(alert, ssl.SSLEOFError) else alert
        except OSError:
            return None
        return None

    def hold(self) -> None:
        """Collect what is sent from now on."""
        with self._lock:
            if self._held is None:
                self._held = bytearray()

    def collect(self, packet: bytes) -> bool:
        """Collect a whole packet, if this is held."""
        with self._lock:
            if self._held is None:
                return False
            self._held += packet
            return True

    def flush(self) -> None:
        """Send what was collected; a broken connection shows itself to the reader, so errors end here."""
        with self._lock:
            held, self._held = self._held, None
            if held:
                try:
                    self._send_all(memoryview(held))
                except OSError:
                    self._break()

    def _send_all(self, data: memoryview) -> None:
        while data:
            try:
                data = data[self.sock.send(data) :]
            except BlockingIOError:
                if not select.select([], [self.sock], [], WRITE_TIMEOUT_S)[1]:
                    raise TimeoutError("the broker takes nothing") from None

    def _break(self) -> None:
        """Part of a packet may be out: this connection cannot go on."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
