"""InfluxDB 2.x and 3 Core as far as setting them up goes, from what their documents and sources say that they answer.

Sources: InfluxDB OSS v2 API reference (orgs, buckets, dbrps); InfluxDB 3 Core 3.9.6, influxdb3_server/src/http.rs
(/ping, /query, /api/v3/configure/database). What is held here is the shape of requests and answers; test_setup.py has
a real 2.x as well, and a real 3 Core where one is named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.on_a_thread import on_a_thread

TOKEN, READER = "token-of-an-administrator", "token-that-may-only-write"
NO_TOKEN = "the request was not authenticated"
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
        if token not in (TOKEN, READER) and not (path == "/ping" and not self.is_3):
            return 401, {"error": NO_TOKEN} if self.is_3 else {"code": "unauthorized", "message": "unauthorized access"}
        if path == "/ping":
            return (200, {"version": self.version}) if self.is_3 else (204, None)
        if method != "GET":
            if token == READER:
                return self.refusal()
            self.done.append((method, path, body))
        answers = self.answer_v3 if self.is_3 else self.answer_v2
        return answers(method, path, query, body)

    @property
    def is_3(self) -> bool:
        return self.version.startswith("3")

    def refusal(self) -> Answer:
        """Return what a token without the right gets; in 3 only Enterprise has such tokens."""
        if self.is_3:
            return 403, ""
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
        if path == "/query":
            return 200, {"results": [{"statement_id": 0, **self.kept(query["q"])}]}
        if path != "/api/v3/configure/database":
            return 404, ""
        if method == "GET":
            names = ["_internal", *self.places]
            return (200, [{"iox::database": name} for name in names]) if query.get("format") == "json" else (400, "")
        if method == "POST" and body["db"] in self.places:
            return 409, "attempted to create a resource that already exists"
        if method == "PUT" and body["db"] not in self.places:
            return 404, "not found"
        self.places[body["db"]] = body
        return 200, ""

    def kept(self, text: str) -> dict[str, Any]:
        """SHOW RETENTION POLICIES: one for each database, of its name."""
        name = text.removeprefix('SHOW RETENTION POLICIES ON "').removesuffix('"')
        if name not in self.places:
            return {"error": f"datafusion error: Error during planning: database not found: {name}"}
        period = self.places[name].get("retention_period")
        row = [name, f"{period}0m0s" if period else "0s", True]
        return {"series": [{"name": "retention_policies", "columns": ["name", "duration", "default"], "values": [row]}]}


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
            if isinstance(content, str):
                text = content.encode()
            self.send_response(status)
            if parts.path == "/ping" and status < 300:
                self.send_header("X-Influxdb-Version", server.version)
            if status != 204:
                self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_PUT = do_any  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    with on_a_thread(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as running:
        server.url = f"http://127.0.0.1:{running.server_port}"
        yield server
