"""``upskeep maintenance`` and ``upskeep battery replaced``: what is due, and a battery that somebody has changed."""

from __future__ import annotations

import getpass
import uuid
from datetime import UTC, datetime

import click

from shared.suite import SuiteSettings
from upskeep.commands.options import JSON, at_a_broker, complaints, echo_json, times


@click.command()
@at_a_broker
@JSON
def maintenance(suite: SuiteSettings, as_json: bool) -> None:
    """List what is due and when: batteries that age, calibrations, self-tests."""
    from shared.client.client import Client, ClientError
    from upskeep.text.maintenance_table import maintenance_table
    from upskeep.text.message_text import show

    with complaints(ClientError), Client(suite) as client:
        answer = client.ask("event_processor", "maintenance")
    if as_json:
        echo_json(answer["devices"])
    elif not answer["devices"]:
        click.echo("nothing is known yet: a battery shows its age once it has been discharged from full to empty")
    else:
        show(maintenance_table(answer["devices"], times()))


@click.group()
def battery() -> None:
    """Say what has been done to a battery."""


@battery.command()
@at_a_broker
@click.argument("device")
@click.option("--by", default=getpass.getuser, help="Who has replaced it.  [default: this user]")
def replaced(suite: SuiteSettings, device: str, by: str) -> None:
    """Begin a new life: DEVICE has another battery, and what the old one has shown no longer counts."""
    from shared.client.client import Client, ClientError
    from shared.requests import Command

    data = {"device": device}
    with complaints(ClientError), Client(suite) as client:
        command = Command(
            id=str(uuid.uuid4()),
            target="event_processor",
            name="battery_replaced",
            time=datetime.now(UTC),
            by=by,
            data=data,
        )
        result = client.command(command)
        if result.status != "done":
            raise ClientError(f"event_processor: {result.reason}")
    click.echo(f"{device}: a new battery; its capacity is learned anew")
