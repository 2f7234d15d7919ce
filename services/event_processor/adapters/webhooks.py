"""Webhooks: an event POSTed as JSON, CloudEvents 1.0 over HTTP in binary mode.

The event's id is sent as ``Idempotency-Key``, because an event may be posted more than once. Redirects are not
followed, because they could bypass ``webhooks_allowed``. At most 64 KiB of an answer are read, and it ends within
``timeout_s`` however slowly it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import urllib3

from services.event_processor.core.pipeline.rules import Webhook
from services.event_processor.core.pipeline.work import Done, Failed, Outcome, Task
from shared.bounded_http import BoundedHttp
from shared.http_answers import refusal
from shared.messages import Event
from shared.retries import retry_after_s
from shared.small_file import read_small

ANSWER_BYTES = 65_536
TOO_LARGE = 413  # with a Retry-After it is worth a try (RFC 9110 §15.5.14)
WORTH_A_TRY = frozenset({408, 425, 429, *range(500, 600)})


class WebhookCall:
    """POSTs to one address; called for each event, in the handler's thread."""

    def __init__(self, handler: Webhook, clock: Callable[[], datetime]) -> None:
        self._handler = handler
        self._clock = clock
        wait = urllib3.Timeout(connect=min(5.0, handler.timeout_s), read=handler.timeout_s)
        self._http = BoundedHttp(wait, handler.timeout_s, ANSWER_BYTES)

    def __call__(self, task: Task) -> Outcome:
        """POST the event, and return the outcome."""
        try:
            headers = self._headers(task)
        except (OSError, ValueError) as error:
            return Failed(f"token_file {self._handler.token_file} cannot be used: {error}")
        try:
            answer = self._http.request("POST", self._handler.url, task.payload, headers)
        except urllib3.exceptions.HTTPError as error:
            return Failed(f"{self._handler.url}: {error}"[:500])
        asked_s = retry_after_s(answer.headers.get("Retry-After"), self._clock(), answer.headers.get("Date"))
        return _outcome(self._handler.url, answer.status, asked_s, answer.data)

    def close(self) -> None:
        """Close the connections."""
        self._http.clear()

    def _headers(self, task: Task) -> dict[str, str]:
        event = Event.model_validate_json(task.payload)
        headers = {f"ce-{name}": value for name, value in event.attributes().items()}
        headers |= {"content-type": "application/json", "idempotency-key": task.event_id}
        if self._handler.token_file is not None:
            headers["authorization"] = f"Bearer {_secret(Path(self._handler.token_file))}"
        return headers


def _secret(path: Path) -> str:
    secret = read_small(path).decode("ascii").strip()
    if not secret or not secret.isprintable():
        raise ValueError("it must hold just the token, in one line")
    return secret


def _outcome(url: str, status: int, asked_s: float | None, text: bytes) -> Outcome:
    if 200 <= status < 300:
        return Done()
    worth_a_try = status in WORTH_A_TRY or (status == TOO_LARGE and asked_s is not None)
    return Failed(refusal(url, status, text), final=not worth_a_try, retry_after_s=asked_s)
