"""Requests to an InfluxDB as the settings say: where it is, how long to wait, whom to trust and as whom to ask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from urllib3 import BaseHTTPResponse, PoolManager, Timeout, make_headers
from urllib3.exceptions import HTTPError

from services.counter_store.adapters.influx.secrets import as_header, read_secret
from services.counter_store.core.influx.ports import Unavailable
from services.counter_store.settings import InfluxSettings


class InfluxHttp:
    """Connections to one server; neither tried again nor sent elsewhere by a redirect."""

    def __init__(self, settings: InfluxSettings) -> None:
        self._settings = settings
        self._pool = PoolManager(
            retries=False,
            timeout=Timeout(total=settings.timeout_s),
            ca_certs=str(settings.ca_file) if settings.ca_file else None,
        )

    def request(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: bytes | None = None, form: str = ""
    ) -> BaseHTTPResponse:
        """Return the answer, whatever its status; ``form`` is the body's type. Raises Unavailable if there is none."""
        url = f"{self._settings.url}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = credentials(self._settings) | ({"Content-Type": form} if form else {})
        try:
            return self._pool.request(method, url, body=body, headers=headers, redirect=False)
        except (HTTPError, OSError) as error:
            raise Unavailable(f"{self._settings.url} cannot be reached: {error}") from error

    def close(self) -> None:
        """Let go of connections; safe to call twice."""
        self._pool.clear()


def credentials(settings: InfluxSettings) -> dict[str, str]:
    """Return the header of who asks, none for nobody; raises Unavailable where a secret cannot be read."""
    if settings.api == "v2":
        return {"Authorization": f"Token {token(settings)}"}
    if settings.username is None or settings.password_file is None:
        return {}
    return dict(make_headers(basic_auth=as_header(f"{settings.username}:{read_secret(settings.password_file)}")))


def token(settings: InfluxSettings) -> str:
    """Return the token of the v2 API as a header has it; raises Unavailable."""
    return as_header(read_secret(settings.token_file or Path()))
