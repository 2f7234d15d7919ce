"""Webhooks: an event POSTed as JSON, CloudEvents 1.0 over HTTP in binary mode.

The event's id goes along as ``Idempotency-Key``: it may be posted more than once. Redirects are not followed, for they
could lead past ``webhooks_allowed``. At most 64 KiB of an answer are read.
"""

from __future__ import annotations

import json
from pathlib import Path

import urllib3

from services.event_processor.core.pipeline.rules import Webhook
from services.event_processor.core.pipeline.work import Done, Failed, Outcome, Task
from shared.messages import Event

ANSWER_BYTES = 65_536
WORTH_A_TRY = frozenset({408, 425, 429, *range(500, 600)})


class WebhookCall:
    """Posts to one address; a call for each event, from the handler's thread."""

    def __init__(self, handler: Webhook) -> None:
        self._handler = handler
        wait = urllib3.Timeout(connect=min(5.0, handler.timeout_s), read=handler.timeout_s)
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=2, timeout=wait, retries=False)

    def __call__(self, task: Task) -> Outcome:
        """Post the event, and say what came of it."""
        try:
            headers = self._headers(task)
        except (OSError, ValueError) as error:
            return Failed(f"token_file {self._handler.token_file} cannot be used: {error}")
        try:
            answer = self._pool.request(
                "POST", self._handler.url, body=task.payload, headers=headers, redirect=False, preload_content=False
            )
            try:
                text = answer.read(ANSWER_BYTES)
            finally:
                answer.close()
        except urllib3.exceptions.HTTPError as error:
            return Failed(f"{self._handler.url}: {error}"[:500])
        return _outcome(self._handler.url, answer.status, answer.headers.get("Retry-After"), text)

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def _headers(self, task: Task) -> dict[str, str]:
        event = Event.model_validate_json(task.payload)
        headers = {f"ce-{name}": value for name, value in event.attributes().items()}
        headers |= {"content-type": "application/json", "idempotency-key": task.event_id}
        if self._handler.token_file is not None:
            headers["authorization"] = f"Bearer {_secret(Path(self._handler.token_file))}"
        return headers


def _secret(path: Path) -> str:
    secret = path.read_text(encoding="ascii").strip()
    if not secret or not secret.isprintable():
        raise ValueError("it must hold just the token, in one line")
    return secret


def _outcome(url: str, status: int, retry_after: str | None, text: bytes) -> Outcome:
    if 200 <= status < 300:
        return Done()
    said = text[:200].decode("utf-8", "replace").strip()
    reason = f"{url} answered {status}" + (f": {json.dumps(said)}" if said else "")
    if 300 <= status < 400:
        reason += "; redirects are not followed, write where it leads to"
    wait_s = float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
    return Failed(reason, final=status not in WORTH_A_TRY, retry_after_s=wait_s)
