"""A NUT server of our own, for quick tests. ``tests/contract/test_upsd.py`` holds it to what the real one does."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from tests.support.brokers import free_port
from tests.support.nut.upsd import PASSWORD, UPS, USER, Certificate


@dataclass
class FakeUpsd:
    """One UPS, whose state is set. What its methods stand for: ``tests.support.nut.upsd.Upsd``."""

    certificate: Certificate | None = None
    port: int = field(default_factory=free_port)
    variables: dict[str, str] = field(default_factory=lambda: {"ups.status": "OL"})
    trouble: str | None = None
    logged_in: int = 0
    hanging: bool = False
    sent: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Listen."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._links: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, args=(self._listener,))]
        self._threads[0].start()

    def stop(self) -> None:
        """Close everything."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self._links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    end = stop
    restart = start

    def hang(self) -> None:
        """Answer nothing."""
        self.hanging = True

    def wake(self) -> None:
        """Answer again."""
        self.hanging = False

    def show(self, **variables: str) -> None:
        """Set what the UPS shows."""
        self.variables = {name.replace("__", "."): value for name, value in variables.items()}

    def lose_driver(self) -> None:
        """As when the driver has died."""
        self.trouble = "DRIVER-NOT-CONNECTED"

    def freeze(self) -> None:
        """As when the driver says nothing any more."""
        self.trouble = "DATA-STALE"

    def regain_driver(self) -> None:
        """All is well again."""
        self.trouble = None

    thaw = regain_driver

    def clients(self) -> int:
        """Return how many clients are logged in."""
        return self.logged_in

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            self._links.append(link)
            thread = threading.Thread(target=self._serve, args=(link,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, link: socket.socket) -> None:
        asked: dict[str, str] = {}
        with suppress(OSError):
            while line := _line(link):
                self.sent.append(line)
                if self.hanging:
                    continue
                answer = self._answer(line, asked)
                link.sendall(answer.encode())
                if answer == "OK STARTTLS\n" and self.certificate:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(self.certificate.pem, self.certificate.key)
                    link = context.wrap_socket(link, server_side=True)
                    self._links.append(link)
                if line == "LOGOUT":
                    break
        self.logged_in -= "login" in asked
        link.close()

    def _answer(self, line: str, asked: dict[str, str]) -> str:
        command, _, rest = line.partition(" ")
        if command == "STARTTLS":
            return "OK STARTTLS\n" if self.certificate else "ERR FEATURE-NOT-CONFIGURED\n"
        if command in ("USERNAME", "PASSWORD"):
            asked[command] = rest.strip('"')
            return "OK\n"
        if command == "LOGOUT":
            return "OK Goodbye\n"
        if line == "VER":
            return "Network UPS Tools upsd 2.8.1 - https://www.networkupstools.org/\n"
        if line == "LIST UPS":
            return f'BEGIN LIST UPS\nUPS {UPS} "Unavailable"\nEND LIST UPS\n'
        if rest.removeprefix("VAR ").strip('"') != UPS:
            return "ERR UNKNOWN-UPS\n"
        return self._login(asked) if command == "LOGIN" else self._list()

    def _login(self, asked: dict[str, str]) -> str:
        if (asked.get("USERNAME"), asked.get("PASSWORD")) != (USER, PASSWORD):
            return "ERR ACCESS-DENIED\n"
        asked["login"] = "yes"
        self.logged_in += 1
        return "OK\n"

    def _list(self) -> str:
        if self.trouble:
            return f"ERR {self.trouble}\n"
        quoted = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in self.variables.items()}
        lines = "".join(f'VAR {UPS} {name} "{value}"\n' for name, value in sorted(quoted.items()))
        return f"BEGIN LIST VAR {UPS}\n{lines}END LIST VAR {UPS}\n"


def _line(link: socket.socket) -> str:
    got = b""
    while not got.endswith(b"\n"):
        byte = link.recv(1)
        if not byte:
            return ""
        got += byte
    return got.decode().rstrip("\r\n")
