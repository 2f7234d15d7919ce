"""InfluxDB 1.x by its own ``/write``, which every 1.x has; those on 32-bit Pis have no other."""

from __future__ import annotations

from collections.abc import Sequence

from services.counter_store.adapters.influx.http import InfluxHttp
from services.counter_store.adapters.influx.http_answers import check_answer
from services.counter_store.settings import InfluxSettings
from shared.bounded_http import HttpAnswer


class InfluxV1:
    """A PointStore over ``/write``; makes the database when the server does not know it."""

    def __init__(self, settings: InfluxSettings) -> None:
        self._settings = settings
        self._http = InfluxHttp(settings)

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
        self._http.close()

    def _write(self, body: bytes) -> HttpAnswer:
        return self._http.request("POST", "/write", {"db": self._settings.database or "", "precision": "ns"}, body)

    def _create_database(self) -> None:
        name = (self._settings.database or "").replace("\\", "\\\\").replace('"', '\\"')
        self._check(self._http.request("POST", "/query", {"q": f'CREATE DATABASE "{name}"'}, b""))

    def _check(self, answer: HttpAnswer) -> None:
        check_answer(answer.status, answer.data, answer.headers, self._settings.url)
