"""What a process says to systemd: that it is ready, what it does, and that it is alive. Elsewhere nobody listens.

The protocol is a datagram to the socket in ``NOTIFY_SOCKET`` (sd_notify(3)). The variables are taken out of the
environment: what this process starts must not speak in its name.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import MutableMapping

SOCKET, WATCHDOG = "NOTIFY_SOCKET", "WATCHDOG_USEC"
LEAST_S = 1.0  # between two signs of life


class Systemd:
    """The service manager that started this process, if one did."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        address = environ.pop(SOCKET, "")
        watchdog = environ.pop(WATCHDOG, "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._every_s = max(LEAST_S, int(watchdog) / 3e6) if watchdog.isdecimal() else None
        self._ready = False
        self._status = ""
        self._alive_at = float("-inf")

    def ready(self, status: str = "") -> None:
        """Say that the start is over, once."""
        if not self._ready:
            self._ready = True
            self._send("READY=1" + (f"\nSTATUS={status}" if status else ""))

    def status(self, text: str) -> None:
        """Say in a line what goes on; the same line is not said again."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    @property
    def every_s(self) -> float:
        """How long a process may be silent."""
        return float("inf") if self._every_s is None else self._every_s

    def alive(self, now: float) -> None:
        """Say, often enough for the watchdog, that the loop turns; ``now`` is monotonic."""
        if self._every_s is not None and now - self._alive_at >= self._every_s:
            self._alive_at = now
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that it ends of its own accord."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if self._address:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.sendto(text.replace("\r", " ").encode(), self._address)
