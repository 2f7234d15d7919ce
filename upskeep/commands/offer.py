"""``upskeep emit``: an event offered from outside."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import click
from pydantic import ValidationError

from shared.suite import SuiteSettings
from upskeep.commands.options import at_a_broker, complaints


@click.command()
@at_a_broker
@click.argument("event_type", metavar="TYPE")
@click.option("--device", help="The device concerned.")
@click.option("--data", "text", default="{}", help="The event's data, a JSON object.")
def emit(suite: SuiteSettings, event_type: str, device: str | None, text: str) -> None:
    """Send an event to the suite on ingest/cli, as a script or Node-RED would."""
    from shared.client.client import Client, ClientError
    from shared.messages import Candidate

    with complaints(ClientError):
        data = _json_object(text)
        try:
            candidate = Candidate(
                type=event_type, id=str(uuid.uuid4()), time=datetime.now(UTC), device=device, data=data
            )
        except ValidationError as error:
            raise ClientError(
                "; ".join(f"{e['loc'][0]}: {e['msg']} (got {e['input']!r})" for e in error.errors())
            ) from None
        with Client(suite) as client:
            if reason := client.offer("cli", candidate):
                raise ClientError(f"{event_type} is refused: {reason}")
    click.echo(f"offered {event_type} as {candidate.id}")


def _json_object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise click.UsageError(f"--data is not JSON: {error} (got {text!r})") from None
    if not isinstance(data, dict):
        raise click.UsageError(f"--data must be a JSON object, as in '{{\"value\": 3}}' (got {text!r})")
    return data
