"""``upskeep shutdown-plan``: what a host would do now, and why not."""

from __future__ import annotations

import json

import click

from shared.suite import SuiteSettings
from upskeep.commands.options import JSON, at_a_broker, complaints


@click.command("shutdown-plan")
@at_a_broker
@click.option("--host", default="host", show_default=True, help="The agent's name, as in its host_agent.yaml.")
@JSON
def shutdown_plan(suite: SuiteSettings, host: str, as_json: bool) -> None:
    """Ask a host's agent what would happen now, in which order and when, and what keeps the host up."""
    from services.host_agent.settings import service_of
    from shared.client.client import Client, ClientError
    from upskeep.text.plan_text import lines

    with complaints(ClientError), Client(suite) as client:
        plan = client.ask(service_of(host), "plan")
    click.echo(json.dumps(plan, indent=2, ensure_ascii=False) if as_json else "\n".join(lines(plan)))
