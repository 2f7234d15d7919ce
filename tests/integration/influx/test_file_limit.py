"""A 3 Core that refuses a question over too many files is asked for less time at once.

Source: InfluxDB 3 Core 3.9.6, influxdb3_write/src/write_buffer/mod.rs (``query_file_limit``): a file a table and ten
minutes, 432 of them to a question. The words of 3.2 differ; "file limit" is in both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, urlsplit

import pytest

from services.counter_store.adapters.influx.query import InfluxQuery
from services.counter_store.core.influx.line_protocol import FIRST_NS
from services.counter_store.core.influx.ports import Unavailable
from services.counter_store.settings import InfluxSettings
from tests.support.influx.paging import read
from tests.support.on_a_thread import on_a_thread

FILE_NS = 600 * 10**9
NOW_NS = 1_767_225_600 * 10**9
TOO_MANY = "datafusion error: External error: Query would scan 432 Parquet files, exceeding the file limit."
TAGS = ["home", "AC_POWER_LOSS", "power", "critical", "ups", "rack"]


class Files(ThreadingHTTPServer):
    """Events at given times; ``limit`` files to a question."""

    limit = 432
    times_ns: Sequence[int] = ()
    asked = 0
    places: Sequence[dict[str, str]] = ()
    headers: Sequence[tuple[str, str]] = ()

    def answer(self, text: str) -> dict[str, object]:
        """Return one result."""
        self.asked += 1
        first = int(found[1]) if (found := re.search(r"time >= (-?\d+)", text)) else FIRST_NS
        last = int(found[1]) if (found := re.search(r"time < (-?\d+)", text)) else 2**63
        seen = [at for at in self.times_ns if first <= at < last]
        if len({at // FILE_NS for at in seen}) > self.limit:
            return {"error": TOO_MANY}
        if "count(" in text:
            return {"series": [{"columns": ["time", "count"], "values": [[0, len(seen)]]}]} if seen else {}
        limit, offset = map(int, re.search(r"LIMIT (\d+) OFFSET (\d+)", text).groups())  # type: ignore[union-attr]
        rows = [[at, f"id-{n}", "p", "e", n, "{}", "{}", None, *TAGS] for n, at in enumerate(seen)]
        return {"series": [{"columns": [], "values": rows[offset : offset + limit]}]} if rows[offset:] else {}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        files = cast("Files", self.server)
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        files.places = [*files.places, {name: query[name] for name in ("db", "rp") if name in query}]
        body = json.dumps({"results": [files.answer(query["q"])]}).encode()
        self.send_response(200)
        for name, value in files.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


@pytest.fixture
def files() -> Iterator[Files]:
    """A server with a year of events, two a day, and four in one instant."""
    with on_a_thread(Files(("127.0.0.1", 0), Handler)) as server:
        server.times_ns = [NOW_NS + hour * 3600 * 10**9 for hour in range(0, 365 * 24, 12)] + [NOW_NS] * 3
        server.times_ns = sorted(server.times_ns)
        yield server


def query(files: Files) -> InfluxQuery:
    url = f"http://127.0.0.1:{files.server_port}"
    return InfluxQuery(InfluxSettings(enabled=True, api="v1", url=url, database="upskeep"), "home")


@pytest.mark.parametrize(("limit", "page"), [(1, 100), (100, 3), (100, 70), (100, 5000)])
def test_a_year_is_read_in_spans_that_are_allowed(files: Files, page: int, limit: int) -> None:
    """Each event once, in the order of time, wherever pages and spans end."""
    files.limit = limit
    with closing(query(files)) as source:
        assert files.times_ns == [time_ns for _, time_ns in read(source, page)]


def test_they_are_counted_in_spans_too(files: Files) -> None:
    """With few questions more than the year has allowed spans."""
    files.limit = 100
    with closing(query(files)) as source:
        assert len(files.times_ns) == source.count()
    assert files.asked < 100


def test_a_limit_that_allows_nothing_is_reported(files: Files) -> None:
    """In the server's words, and not asked for ever."""
    files.limit = 0
    with closing(query(files)) as source, pytest.raises(Unavailable, match="exceeding the file limit"):
        source.count()


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ([], [{"db": "upskeep", "rp": "raw"}] * 2),
        ([("cluster-uuid", "f9b2")], [{"db": "upskeep", "rp": "raw"}, *[{"db": "upskeep/raw"}] * 2]),
    ],
)
def test_a_bucket_with_a_slash_is_one_database_to_3_core(
    files: Files, tmp_path: Path, headers: list[tuple[str, str]], asked: list[dict[str, str]]
) -> None:
    """It writes to a database of that name and reads, whatever ``rp`` says, the one before the slash."""
    files.headers, files.limit = headers, 10_000
    (tmp_path / "token").write_text("token")
    url = f"http://127.0.0.1:{files.server_port}"
    given = {"url": url, "org": "home", "bucket": "upskeep/raw", "token_file": tmp_path / "token"}
    with closing(InfluxQuery(InfluxSettings.model_validate({"enabled": True} | given), "home")) as source:
        assert [len(files.times_ns)] * 2 == [source.count(), source.count()]
    assert asked == files.places
