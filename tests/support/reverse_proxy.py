"""A small reverse proxy that shows a server at a path of its own, as nginx does: it takes the path away."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"})
DEADLINE_S = 90.0


class ReverseProxy(ThreadingHTTPServer):
    """``url`` is where it shows the server at ``upstream``; ``astray`` are the requests beside its path."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: str, path: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream).netloc
        self.path = path
        self.url = f"http://127.0.0.1:{self.server_address[1]}{path}"
        self.astray: list[str] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of who goes away in the middle of an answer, as browsers do."""


class _Handler(BaseHTTPRequestHandler):
    server: ReverseProxy

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _pass_on(self) -> None:
        if not f"{self.path}/".startswith(f"{self.server.path}/"):
            self.server.astray.append(self.path)
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        sent = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        with closing(http.client.HTTPConnection(self.server.upstream, timeout=DEADLINE_S)) as connection:
            connection.request(self.command, self.path.removeprefix(self.server.path) or "/", body, sent)
            answer = connection.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.end_headers()
            while piece := answer.read1():
                self.wfile.write(piece)
                self.wfile.flush()


@contextmanager
def proxied(upstream: str, path: str) -> Iterator[ReverseProxy]:
    """Show a server at ``path`` until the block ends."""
    with ReverseProxy(upstream, path) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
