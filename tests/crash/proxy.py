"""A TCP proxy that misbehaves on command: resets, stalls, half-open connections."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from dataclasses import dataclass

CHUNK = 65536


@dataclass(eq=False)
class Pair:
    """One proxied connection."""

    ends: tuple[socket.socket, socket.socket]

    def other(self, end: socket.socket) -> socket.socket:
        return self.ends[1] if end is self.ends[0] else self.ends[0]


class Proxy:
    """Forwards ``port`` of this machine to ``target``. ``reset``, ``stall`` and ``deafen`` break things."""

    def __init__(self, port: int, target: int) -> None:
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", port))
        self.listener.setblocking(False)
        self.pairs: set[Pair] = set()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.closing = threading.Event()
        self.stalled_until = 0.0
        self.reset_asked = threading.Event()
        self.dead: set[int] = set()
        self.deafen_asked = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def reset(self) -> None:
        """Cut every connection with a RST."""
        self.reset_asked.set()

    def stall(self, seconds: float) -> None:
        """Forward nothing for a while; then everything, in order."""
        self.stalled_until = time.monotonic() + seconds

    def deafen(self) -> None:
        """Leave every present connection half-open: it stays up and nothing passes any more."""
        self.deafen_asked.set()

    def close(self) -> None:
        """End it."""
        self.closing.set()
        self.thread.join(5)

    def _serve(self) -> None:
        while not self.closing.is_set():
            self._break()
            if time.monotonic() < self.stalled_until:
                self.closing.wait(0.01)
                continue
            for key, _ in self.selector.select(0.02):
                end = key.fileobj
                assert isinstance(end, socket.socket)
                if end is self.listener:
                    self._accept()
                elif key.data is not None and end.fileno() >= 0:
                    self._forward(key.data, end)
        for pair in list(self.pairs):
            self._drop(pair)
        self.listener.close()
        self.selector.close()

    def _break(self) -> None:
        if self.reset_asked.is_set():
            self.reset_asked.clear()
            for pair in list(self.pairs):
                for end in pair.ends:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._drop(pair)
        if self.deafen_asked.is_set():
            self.deafen_asked.clear()
            for pair in self.pairs:
                if id(pair) not in self.dead:
                    self.dead.add(id(pair))
                    for end in pair.ends:
                        self.selector.unregister(end)

    def _accept(self) -> None:
        near, _ = self.listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self.target), timeout=2)
        except OSError:
            near.close()
            return
        pair = Pair((near, far))
        self.pairs.add(pair)
        for end in pair.ends:
            end.settimeout(5)
            self.selector.register(end, selectors.EVENT_READ, pair)

    def _forward(self, pair: Pair, end: socket.socket) -> None:
        try:
            data = end.recv(CHUNK)
            if data:
                pair.other(end).sendall(data)
                return
        except OSError:
            pass
        self._drop(pair)

    def _drop(self, pair: Pair) -> None:
        self.pairs.discard(pair)
        self.dead.discard(id(pair))
        for end in pair.ends:
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(end)
            end.close()
