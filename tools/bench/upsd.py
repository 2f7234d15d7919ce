"""A NUT server with UPSes that are not there: live hardware for a machine that has none.

It knows LIST VAR alone, which is all that sensor_reader asks of a server without a password.
"""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

UPS = "bench"
ON_MAINS = {"ups.status": "OL", "battery.charge": "100", "battery.voltage": "13.6", "input.voltage": "230.1",
            "output.voltage": "230.1", "ups.load": "17"}  # fmt: skip
ON_BATTERY = {"ups.status": "OB", "battery.charge": "88", "battery.voltage": "12.4", "input.voltage": "0.0",
              "output.voltage": "230.0", "ups.load": "17"}  # fmt: skip


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Upsd:
    """Serves what ``variables`` returns, which is called anew for every question, from the connections' threads."""

    def __init__(self, variables: Callable[[], Mapping[str, str]]) -> None:
        self._server = _Server(("127.0.0.1", 0), _handler(variables))
        self._thread = threading.Thread(target=self._server.serve_forever, name="upsd", daemon=True)
        self._thread.start()

    def environ(self, interval_s: float, devices: int = 1) -> dict[str, str]:
        """Return the settings of a sensor_reader that reads this UPS, or so many of them."""
        port = self._server.server_address[1]
        rows = [
            {
                "name": "ups" if at == 0 else f"ups{at}",
                "interval_s": interval_s,
                "nut": {"ups": f"{UPS}{at or ''}", "port": port},
            }
            for at in range(devices)
        ]
        return {"UPSKEEP_SENSOR_READER__DEVICES": json.dumps(rows), "UPSKEEP_SOURCE": "i2c", "UPSKEEP_SPEED": "1"}

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()


def _handler(variables: Callable[[], Mapping[str, str]]) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):  # whoever asked was killed
                for line in self.rfile:
                    if line.startswith(b"LOGOUT"):
                        return
                    self.wfile.write(_answer(line, variables))

    return Handler


def _answer(line: bytes, variables: Callable[[], Mapping[str, str]]) -> bytes:
    question = line.replace(b'"', b"").decode(errors="replace").strip()
    if not question.startswith(f"LIST VAR {UPS}"):
        return b"ERR UNKNOWN-COMMAND\n"
    ups = question.removeprefix("LIST VAR ")
    rows = [f'VAR {ups} {name} "{value}"' for name, value in variables().items()]
    return "\n".join([f"BEGIN {question}", *rows, f"END {question}", ""]).encode()
