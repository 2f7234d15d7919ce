"""``upskeep maintenance`` and ``upskeep battery replaced``: what is due, and a battery that somebody has changed."""

from __future__ import annotations

import getpass

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
    """Record work done on a battery."""


@battery.command()
@at_a_broker
@click.argument("device")
@click.option("--by", default=getpass.getuser, help="Name to sign with.  [default: your user name]")
def replaced(suite: SuiteSettings, device: str, by: str) -> None:
    """Record that DEVICE has a new battery: its age, health and cycles start from zero."""
    _order(suite, "battery_replaced", device, by)
    click.echo(f"{device}: a new battery; its capacity is learned anew")


@click.command()
@at_a_broker
@click.argument("device")
@click.option("--by", default=getpass.getuser, help="Name to sign with.  [default: your user name]")
def forget(suite: SuiteSettings, device: str, by: str) -> None:
    """Forget DEVICE, which was removed or renamed, with its state and all that is retained of it."""
    _order(suite, "forget", device, by)
    click.echo(f"{device}: forgotten; what was counted of it stays counted")


def _order(suite: SuiteSettings, name: str, device: str, by: str) -> None:
    """Give event_processor a command about a device; raises ClientError where it is not done."""
    from shared.client.client import Client, ClientError

    with complaints(ClientError), Client(suite) as client:
        client.order("event_processor", name, {"device": device}, by)
