"""Webhooks against a real HTTP server that accepts, is busy, refuses, leads elsewhere, or is not there."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.event_processor.adapters.webhooks import ANSWER_BYTES, WebhookCall
from services.event_processor.core.pipeline.rules import Webhook
from services.event_processor.core.pipeline.work import Done, Failed, Outcome, Task
from tests.support.brokers import free_port
from tests.support.event_flow import event
from tests.support.scripted_http import HOST, Scripted

EVENT = event(0, zone="rack")


def post(port: int, **more: object) -> Outcome:
    """Post the event."""
    settings = Webhook.model_validate({"kind": "webhook", "url": f"http://{HOST}:{port}/hook", "timeout_s": 5, **more})
    with closing(WebhookCall(settings, lambda: datetime.now(UTC))) as call:
        return call(Task(1, "hook", EVENT.id, EVENT.model_dump_json(exclude_none=True).encode(), 1))


def test_an_event_is_posted_as_a_cloud_event(server: Scripted, tmp_path: Path):
    """Its id is the idempotency key; the token comes from a file."""
    token = tmp_path / "token"
    token.write_text("s3cret\n")

    assert Done() == post(server.port, token_file=str(token))
    ((path, headers, sent),) = server.received
    wanted = {
        "ce-id": EVENT.id,
        "ce-type": "I2C_ERROR",
        "ce-specversion": "1.0",
        "idempotency-key": EVENT.id,
        "content-type": "application/json",
        "authorization": "Bearer s3cret",
    }
    assert "/hook" == path
    assert wanted.items() <= headers.items()
    assert (EVENT.id, "rack") == (json.loads(sent)["id"], json.loads(sent)["zone"])


@pytest.mark.parametrize(("status", "final"), [(500, False), (503, False), (429, False), (404, True), (400, True)])
def test_a_refusal_is_final_where_trying_again_is_no_use(server: Scripted, status: int, final: bool):
    """Busy and broken are worth a try, a wrong address is not; what the server says is told."""
    server.status, server.body = status, b"because"
    outcome = post(server.port)

    assert isinstance(outcome, Failed)
    assert (final, True) == (outcome.final, outcome.reason.endswith(f'answered {status}: "because"'))


def test_the_server_may_say_when_to_come_back(server: Scripted):
    """Retry-After in seconds; a request that was too large is worth a try then (RFC 9110)."""
    server.status, server.headers = 413, {"Retry-After": "7"}
    outcome = post(server.port)

    assert isinstance(outcome, Failed)
    assert (7.0, False) == (outcome.retry_after_s, outcome.final)


@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_the_server_may_give_a_date(server: Scripted, form: str):
    """In each form that HTTP knows, by the clock that its own Date shows."""
    server.status, server.headers = 503, {"Retry-After": (datetime.now(UTC) + timedelta(hours=1)).strftime(form)}
    outcome = post(server.port)

    assert isinstance(outcome, Failed)
    assert outcome.retry_after_s is not None
    assert 3540 < outcome.retry_after_s <= 3600


def test_a_redirect_is_not_followed(server: Scripted):
    """It could lead past what is allowed."""
    server.status, server.headers = 302, {"Location": f"http://{HOST}:{server.port}/elsewhere"}
    outcome = post(server.port)

    assert isinstance(outcome, Failed)
    assert outcome.final
    assert ["/hook"] == [path for path, _, _ in server.received]


def test_a_long_answer_is_not_read_to_its_end(server: Scripted):
    """A few words of it are enough."""
    server.body = b"x" * (4 * ANSWER_BYTES)

    assert Done() == post(server.port)


def test_a_server_that_is_not_there_is_tried_again():
    """It may come back."""
    outcome = post(free_port())

    assert isinstance(outcome, Failed)
    assert not outcome.final


def test_a_token_file_that_is_not_there_is_tried_again(server: Scripted):
    """It may be put there; nothing is posted without it."""
    outcome = post(server.port, token_file="/nonexistent/token")

    assert isinstance(outcome, Failed)
    assert (False, []) == (outcome.final, server.received)
