"""InfluxDB's v2 write API by influxdb-client, synchronous and without the client's own retries.

Its batching mode keeps points in memory, drops them after 180 s of outage and reports that only to a log; so every
write here is one request whose outcome is known (influxdb-client-python issue 198). Its answers have no bound in time
or size, so its pool of connections is replaced by ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from services.counter_store.adapters.influx.http import open_http, token
from services.counter_store.adapters.influx.http_answers import REFUSED, check_answer
from services.counter_store.core.influx.ports import Unavailable
from services.counter_store.settings import InfluxSettings
from shared.bounded_http import BoundedHttp, HttpAnswer


class InfluxV2:
    """A PointStore over ``/api/v2/write``. The token is read again after any failure, so a new one is picked up."""

    def __init__(self, settings: InfluxSettings) -> None:
        self._settings = settings
        self._client: Any = None  # influxdb-client is typed in half
        self._writer: Any = None

    def write(self, lines: Sequence[str]) -> None:
        """Write all lines in one request; raises Unavailable or Refused."""
        body = "\n".join(lines).encode()
        where = self._settings.url
        try:
            writer = self._writer or self._connect()
            writer.write(self._settings.bucket, self._settings.org, body, "ns")
        except ApiException as error:
            if error.status not in REFUSED:
                self.close()
            if not error.status:  # 0: TLS failed before there was an answer
                raise Unavailable(f"{where} cannot be reached: {error.reason}") from error
            check_answer(error.status, error.body or str(error.reason), error.headers or {}, where)
        except (HTTPError, OSError) as error:
            self.close()
            raise Unavailable(f"{where} cannot be reached: {error}") from error

    def close(self) -> None:
        """Let go of connections; safe to call twice."""
        if self._client is not None:
            self._writer.close()
            self._client.close()
        self._client = self._writer = None

    def _connect(self) -> Any:
        given = self._settings
        client: Any = InfluxDBClient
        self._client = client(
            url=given.url,
            token=token(given),
            org=given.org,
            timeout=int(given.timeout_s * 1000),
            enable_gzip=True,
        )
        self._client.api_client.rest_client.pool_manager = _Pool(open_http(given))
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)
        return self._writer


class _Pool:
    """What the client asks of its PoolManager."""

    def __init__(self, http: BoundedHttp) -> None:
        self._http = http

    def request(self, method: str, url: str, *, body: bytes, headers: dict[str, str], **_: Any) -> HttpAnswer:
        """Return the whole answer; how long to wait is settled."""
        answer = self._http.request(method, url, body, headers)
        return replace(answer, data=answer.data.decode("utf-8", "replace").encode())  # the client decodes it

    def clear(self) -> None:
        """Let go of connections."""
        self._http.clear()
