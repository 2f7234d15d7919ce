"""``upskeep shutdown-plan``: what a host would do now, and why not."""

from __future__ import annotations

import click

from shared.safe_text import safe_lines
from shared.suite import SuiteSettings
from upskeep.commands.options import JSON, at_a_broker, complaints, echo_json


@click.command("shutdown-plan")
@at_a_broker
@click.option("--host", default="host", show_default=True, help="The host's name in host_agent.yaml.")
@JSON
def shutdown_plan(suite: SuiteSettings, host: str, as_json: bool) -> None:
    """Print what the host agent would do now, in which order and when, and what keeps the host up."""
    from services.host_agent.settings import service_of
    from shared.client.client import Client, ClientError
    from upskeep.text.plan_text import lines

    with complaints(ClientError), Client(suite) as client:
        plan = client.ask(service_of(host), "plan")
    if as_json:
        echo_json(plan)
    else:
        click.echo(safe_lines("\n".join(lines(plan))))
