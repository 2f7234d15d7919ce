"""Webhooks: a notice POSTed as Alertmanager's JSON.

1. The notice's id is sent as ``Idempotency-Key``, so that the other side can drop a repeat.
2. A failure that may pass (no connection, 5xx, 401, 404 …) is retried; only a refusal of this very body
   (``REFUSES_THIS``) is final.
3. Redirects are not followed: they could take headers with secrets elsewhere. At most ``ANSWER_BYTES`` of an answer are
   read.
4. An answer ends within ``timeout_s`` of the connection, however slowly it comes: other notices wait behind this one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

import urllib3

from services.alerter.adapters.secret_files import SecretError, headers, secret
from services.alerter.core.notify.alertmanager import webhook_json
from services.alerter.core.notify.channels import WebhookTarget
from services.alerter.core.notify.delivery import Failed, Outcome, Sent
from shared.bounded_http import BoundedHttp, LateAnswerError
from shared.http_answers import refusal
from shared.notices import Notice
from shared.retries import retry_after_s

ANSWER_BYTES = 65_536
REFUSES_THIS = frozenset({400, 413, 415, 422})
UNSENT = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.SSLError)

IN_WORDS = (  # an error's own text repeats the address, which may be a secret
    (LateAnswerError, "no answer in time"),
    (urllib3.exceptions.NameResolutionError, "the host's name is not known"),
    (urllib3.exceptions.NewConnectionError, "the connection is refused"),
    (urllib3.exceptions.ConnectTimeoutError, "no connection in time"),
    (urllib3.exceptions.ReadTimeoutError, "no answer in time"),
    (urllib3.exceptions.SSLError, "TLS fails; is its certificate valid for that name?"),
    (urllib3.exceptions.ProtocolError, "the connection broke before the answer"),
)


class WebhookSender:
    """Sends to one address."""

    def __init__(self, way: WebhookTarget, clock: Callable[[], datetime]) -> None:
        self._way = way
        self._clock = clock
        connect_s = min(5.0, way.timeout_s)
        wait = urllib3.Timeout(connect=connect_s, read=way.timeout_s)
        self._http = BoundedHttp(wait, connect_s + way.timeout_s, ANSWER_BYTES)

    def send(self, notice: Notice) -> Outcome:
        """POST the notice, and return the outcome."""
        try:
            url, sent = self._address(notice)
        except SecretError as error:
            return Failed(str(error))
        host = urlsplit(url).hostname  # all of a url_file that may be shown
        where = self._way.url or f"the address in {self._way.url_file} ({host})"
        body = json.dumps(webhook_json(notice, self._way.external_url), ensure_ascii=False).encode()
        try:
            answer = self._http.request("POST", url, body, sent)
        except UNSENT as error:
            return Failed(f"{where}: {_in_words(error)}")
        except urllib3.exceptions.LocationParseError:
            return Failed(f"{where} is no address of a webhook")
        except urllib3.exceptions.HTTPError as error:
            return Failed(f"{where}: {_in_words(error)}", doubtful=True)
        asked_s = retry_after_s(answer.headers.get("Retry-After"), self._clock(), answer.headers.get("Date"))
        return _outcome(where, answer.status, asked_s, answer.data)

    def close(self) -> None:
        """Close the connection."""
        self._http.clear()

    def _address(self, notice: Notice) -> tuple[str, dict[str, str]]:
        sent = {"content-type": "application/json", "user-agent": "upskeep", "idempotency-key": notice.id}
        if self._way.headers_file is not None:
            sent |= dict(headers(self._way.headers_file))
        return self._way.url or secret(self._way.url_file or ""), sent


def _in_words(error: Exception) -> str:
    return next((words for kind, words in IN_WORDS if isinstance(error, kind)), type(error).__name__)


def _outcome(where: str, status: int, asked_s: float | None, text: bytes) -> Outcome:
    if 200 <= status < 300:
        return Sent()
    final = status in REFUSES_THIS and asked_s is None  # RFC 9110 §15.5.14: a 413 with Retry-After may be retried
    return Failed(refusal(where, status, text), final=final, retry_after_s=asked_s)
