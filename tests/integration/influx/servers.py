"""InfluxDB 2.x and 3 Core as far as setting them up goes, from what their documents say that they answer.

Sources: InfluxDB OSS v2 API reference (orgs, buckets, dbrps), InfluxDB 3 Core API (/api/v3/configure/database).
What is held here is the shape of requests and answers; test_setup.py has a real 2.x as well.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN, READER = "token-of-an-administrator", "token-that-may-only-write"
Answer = tuple[int, Any]


@dataclass
class Documented:
    """One server: what it holds and what it was asked to do (reads left out)."""

    version: str
    places: dict[str, dict[str, Any]] = field(default_factory=dict)
    mappings: list[dict[str, Any]] = field(default_factory=list)
    done: list[tuple[str, str, Any]] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, token: str) -> Answer:
        """Return status and JSON."""
        if path == "/ping":
            return 204, None
        if token not in (TOKEN, READER):
            return 401, {"code": "unauthorized", "message": "unauthorized access"}
        if method != "GET":
            if token == READER:
                return self.refusal()
            self.done.append((method, path, body))
        answers = self.answer_v3 if self.version.startswith("3") else self.answer_v2
        return answers(method, path, query, body)

    def refusal(self) -> Answer:
        """Return what a token without the right gets."""
        if self.version.startswith("3"):
            return 403, {"error": "Forbidden"}
        return 403, {"code": "forbidden", "message": "insufficient permissions for write"}

    def answer_v2(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """OSS v2."""
        match method, path.split("/")[3:]:
            case "GET", ["orgs"]:
                return 200, {"orgs": [{"id": "0a", "name": "home"}] if query["org"] == "home" else []}
            case "GET", ["buckets"]:
                found = self.places.get(query["name"])
                return 200, {"buckets": [] if found is None else [found]}
            case "POST", ["buckets"]:
                made = {"id": f"{len(self.places):02x}", **body}
                self.places[body["name"]] = made
                return 201, made
            case "PATCH", ["buckets", number]:
                (changed,) = (bucket for bucket in self.places.values() if bucket["id"] == number)
                changed |= body
                return 200, changed
            case "GET", ["dbrps"]:
                return 200, {"content": [each for each in self.mappings if each["database"] == query["db"]]}
            case "POST", ["dbrps"]:
                self.mappings.append(body)
                return 201, body
        return 404, {"code": "not found", "message": "path not found"}

    def answer_v3(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """3 Core; a listing without ``format`` is refused, and the names are all it shows."""
        if path != "/api/v3/configure/database":
            return 404, {"error": "not found"}
        if method == "GET":
            names = ["_internal", *self.places]
            return (200, [{"iox::database": name} for name in names]) if query.get("format") == "json" else (400, {})
        if body["db"] in self.places:
            return 409, {"error": "attempted to create a resource that already exists"}
        self.places[body["db"]] = body
        return 200, None


@contextmanager
def serving(server: Documented) -> Iterator[Documented]:
    """Run it on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_any(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = self.headers.get("Authorization", "").removeprefix("Token ")
            status, content = server.answer(self.command, parts.path, query, json.loads(sent or b"null"), token)
            text = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("X-Influxdb-Version", server.version)
            if status != 204:
                self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_any  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        server.url = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield server
        running.shutdown()
        thread.join()
