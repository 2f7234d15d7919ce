"""InfluxDB 1.x by its own ``/write``: the door that every 1.x has, and the only one of those on 32-bit Pis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from urllib3 import BaseHTTPResponse, PoolManager, Timeout, make_headers
from urllib3.exceptions import HTTPError

from services.counter_store.adapters.answers import check_answer
from services.counter_store.adapters.secrets import as_header, read_secret
from services.counter_store.core.ports import Unavailable
from services.counter_store.settings import InfluxSettings


class InfluxV1:
    """A PointStore over ``/write``; makes the database when the server does not know it."""

    def __init__(self, settings: InfluxSettings) -> None:
        self._settings = settings
        self._pool = PoolManager(
            retries=False,
            timeout=Timeout(total=settings.timeout_s),
            ca_certs=str(settings.ca_file) if settings.ca_file else None,
        )

    def write(self, lines: Sequence[str]) -> None:
        """Write all lines in one request; raises Unavailable or Refused."""
        body = "\n".join(lines).encode()
        answer = self._write(body)
        if answer.status == 404 and b"database not found" in answer.data:
            self._create_database()
            answer = self._write(body)
        self._check(answer)

    def close(self) -> None:
        """Let go of connections; safe to call twice."""
        self._pool.clear()

    def _write(self, body: bytes) -> BaseHTTPResponse:
        return self._post("/write", {"db": self._settings.database or "", "precision": "ns"}, body)

    def _create_database(self) -> None:
        name = (self._settings.database or "").replace("\\", "\\\\").replace('"', '\\"')
        self._check(self._post("/query", {"q": f'CREATE DATABASE "{name}"'}, b""))

    def _post(self, path: str, query: Mapping[str, str], body: bytes) -> BaseHTTPResponse:
        url = f"{self._settings.url}{path}?{urlencode(query)}"
        try:
            return self._pool.request("POST", url, body=body, headers=self._headers(), redirect=False)
        except (HTTPError, OSError) as error:
            raise Unavailable(f"{self._settings.url} cannot be reached: {error}") from error

    def _check(self, answer: BaseHTTPResponse) -> None:
        check_answer(answer.status, answer.data, answer.headers, self._settings.url)

    def _headers(self) -> dict[str, str]:
        given = self._settings
        if given.username is None or given.password_file is None:
            return {}
        credentials = f"{given.username}:{read_secret(given.password_file)}"
        return dict(make_headers(basic_auth=as_header(credentials)))
