"""Real receivers, each a process of its own: ``python -m tests.support.http_receiver http|smtp PORT FILE``.

Each writes what it takes into FILE, a line of JSON each, before it says that it has it.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"


def write(path: Path, row: Mapping[str, Any]) -> None:
    """Append a row."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def http(port: int, path: Path) -> None:
    """A webhook's receiver; it answers what its query says: ``/hook?503``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            write(path, {"path": self.path, "headers": headers, "body": json.loads(body)})
            self.send_response(int(self.path.partition("?")[2] or 200))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    with ThreadingHTTPServer((HOST, port), Handler) as server:
        server.serve_forever()


class Mailbox:
    """Takes every mail."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802 - aiosmtpd's
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body(("plain", "html"))
        row = {"to": envelope.rcpt_tos, "headers": dict(mail.items()), "text": body.get_content() if body else ""}
        write(self.path, row)
        return "250 OK"


def smtp(port: int, path: Path) -> None:
    """A mail server."""
    from aiosmtpd.smtp import SMTP

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: SMTP(Mailbox(path)), HOST, port)
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    {"http": http, "smtp": smtp}[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))
