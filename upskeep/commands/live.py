"""Looking at a running suite: ``tail``, ``counters``, ``alerts``."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import click

from shared.safe_text import safe_json
from shared.suite import SuiteSettings
from upskeep.commands.options import DATA, JSON, at_a_broker, complaints, echo_json, line_style, times

PUBLISHERS = {"counter": "counter_store", "alert": "alerter"}  # of what is retained
HAPPENINGS = ("event", "alert", "incident", "notice", "command", "result", "deadletter", "report")


@click.command()
@at_a_broker
@click.argument("topics", required=False)
@DATA
@click.option("--json", "as_json", is_flag=True, help="Print topics and payloads unchanged.")
def tail(suite: SuiteSettings, topics: str | None, data: bool, as_json: bool) -> None:
    """Print messages as they come. TOPICS is a filter below the site, such as "event/#".

    Without TOPICS, print what happens: events, alerts, notices, commands and refused messages. "#" prints everything.
    """
    from shared.client.client import Client, ClientError
    from upskeep.text.message_text import console, print_line
    from upskeep.text.payload_text import payload_line

    out, style = console(), line_style(data)
    with complaints(ClientError), suppress(KeyboardInterrupt), Client(suite) as client:
        for topic, payload in client.listen(topics or "#"):
            if topics is None and topic.partition("/")[0] not in HAPPENINGS:
                continue
            if as_json:
                click.echo(f"{topic} {safe_json(payload) if out.is_terminal else payload}")
            else:
                print_line(out, payload_line(topic, payload, style))


@click.command()
@at_a_broker
@JSON
def counters(suite: SuiteSettings, as_json: bool) -> None:
    """Print all counters."""
    from shared.messages import Counter
    from upskeep.text.message_text import counter_table

    _print_retained(suite, "counter", Counter, as_json, counter_table)


@click.command()
@at_a_broker
@JSON
def alerts(suite: SuiteSettings, as_json: bool) -> None:
    """Print all alerts, firing and resolved."""
    from shared.messages import Alert
    from upskeep.text.message_text import alert_table

    _print_retained(suite, "alert", Alert, as_json, alert_table)


def _is_online(client: Any, service: str) -> bool:
    from shared.messages import Status

    return any(one.state == "online" for one in client.retained("status", Status) if one.service == service)


def _print_retained(suite: SuiteSettings, kind: str, model: Any, as_json: bool, table: Any) -> None:
    from shared.client.client import Client, ClientError
    from upskeep.text.message_text import show

    with complaints(ClientError), Client(suite) as client:
        found = sorted(client.retained(kind, model), key=lambda message: message.topic(suite.topics))
        if not found and not _is_online(client, PUBLISHERS[kind]):
            click.echo(f"{PUBLISHERS[kind]} is not online at this broker; `make run` starts the suite", err=True)
    if as_json:
        echo_json([message.model_dump(mode="json") for message in found])
    elif found:
        show(table(found, times()))
    else:
        click.echo(f"no {kind}s yet")
