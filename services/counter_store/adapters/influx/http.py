"""Requests to an InfluxDB by the settings: address, timeout, certificates and credentials.

An answer ends within ``timeout_s``, however slowly it comes, and has at most ``ANSWER_BYTES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from urllib3 import Timeout, make_headers
from urllib3.exceptions import HTTPError

from services.counter_store.adapters.influx.secrets import as_header, read_secret
from services.counter_store.core.influx.ports import TooMuch, Unavailable
from services.counter_store.settings import InfluxSettings
from shared.bounded_http import BoundedHttp, HttpAnswer

ANSWER_BYTES = 1 << 24  # a page of 5000 events of the usual size has 2 MB


class InfluxHttp:
    """Connections to one server, without retries and redirects."""

    def __init__(self, settings: InfluxSettings) -> None:
        self._settings = settings
        self._http = open_http(settings)

    def request(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: bytes | None = None, form: str = ""
    ) -> HttpAnswer:
        """Return the answer, whatever its status; ``form`` is the body's type.

        Raises Unavailable if there is none, and TooMuch if it is too long.
        """
        url = f"{self._settings.url}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = credentials(self._settings) | ({"Content-Type": form} if form else {})
        try:
            answer = self._http.request(method, url, body, headers)
        except (HTTPError, OSError) as error:
            raise Unavailable(f"{self._settings.url} cannot be reached: {error}") from error
        if answer.cut and answer.status < 300:
            fault = f"{self._settings.url}{path} answered with more than {ANSWER_BYTES >> 20} MiB"
            raise TooMuch(f"{fault}; check url: is this InfluxDB?")
        return answer

    def close(self) -> None:
        """Let go of connections; safe to call twice."""
        self._http.clear()


def open_http(settings: InfluxSettings) -> BoundedHttp:
    """Return connections to the settings' server."""
    wait = Timeout(total=settings.timeout_s)
    return BoundedHttp(wait, settings.timeout_s, ANSWER_BYTES, str(settings.ca_file) if settings.ca_file else None)


def credentials(settings: InfluxSettings) -> dict[str, str]:
    """Return the Authorization header, empty without credentials; raises Unavailable if a secret cannot be read."""
    if settings.api == "v2":
        return {"Authorization": f"Token {token(settings)}"}
    if settings.username is None or settings.password_file is None:
        return {}
    return dict(make_headers(basic_auth=as_header(f"{settings.username}:{read_secret(settings.password_file)}")))


def token(settings: InfluxSettings) -> str:
    """Return the token of the v2 API in its header's encoding; raises Unavailable."""
    return as_header(read_secret(settings.token_file or Path()))
