"""What people do about alerts: ``ack``, ``silence``, ``unsilence``, ``silences``, ``reset-stop``, ``alert-test``."""

from __future__ import annotations

import getpass
import time
from typing import Any

import click

from shared.safe_text import safe_lines, safe_text
from shared.suite import SuiteSettings
from upskeep.commands.options import JSON, at_a_broker, complaints, echo_json, times
from upskeep.exit_codes import ExitCode

ALERTER = "alerter"
SETTLED = {"sent", "given_up", "lost"}
LOOK_S = 0.5


def _me() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "cli"


BY = click.option("--by", default=_me, help="Name to sign with.  [default: your user name]")
COMMENT = click.option("--comment", help="A comment to keep with it.")


@click.command()
@at_a_broker
@click.argument("rule")
@click.argument("key")
@BY
@COMMENT
def ack(suite: SuiteSettings, rule: str, key: str, by: str, comment: str | None) -> None:
    """Acknowledge the alert RULE KEY: it is not repeated, and you still hear when it ends."""
    data = {"rule": rule, "key": key} | ({"comment": comment} if comment else {})
    alert = _send(suite, "ack", data, by)["alert"]
    click.echo(f"{alert['rule']}/{alert['key']} acknowledged by {by}")


@click.command()
@at_a_broker
@click.argument("matchers", nargs=-1, required=True)
@click.option("--for", "span", required=True, help="How long: 90s, 15m, 2h, 1d.")
@BY
@click.option("--comment", required=True, help="The reason; kept with the silence.")
def silence(suite: SuiteSettings, matchers: tuple[str, ...], span: str, by: str, comment: str) -> None:
    """Send no notifications for alerts that match all MATCHERS, e.g. type=AC_POWER_LOSS 'device=~ups.*'."""
    from services.alerter.settings.durations import read_duration

    try:
        for_s = read_duration(span).total_seconds()
    except ValueError as error:
        raise click.BadParameter(f"{span!r} {error}", param_hint="--for") from None
    made = _send(suite, "silence", {"matchers": list(matchers), "for_s": for_s, "comment": comment}, by)["silence"]
    click.echo(f"silence {made['id']} until {times().second(made['ends'])}")


@click.command()
@at_a_broker
@click.argument("identity", metavar="ID")
@BY
def unsilence(suite: SuiteSettings, identity: str, by: str) -> None:
    """End the silence ID. Its first characters are enough."""
    ended = _send(suite, "unsilence", {"id": identity}, by)["silence"]
    click.echo(f"silence {ended['id']} ended")


@click.command()
@at_a_broker
@click.option("--expired", is_flag=True, help="Include silences that ended in the last five days.")
@JSON
def silences(suite: SuiteSettings, expired: bool, as_json: bool) -> None:
    """List the active silences."""
    from shared.client.client import Client, ClientError
    from upskeep.text.message_text import show, silence_table

    with complaints(ClientError), Client(suite) as client:
        found = list(client.ask(ALERTER, "silences", {"expired": expired})["silences"])
    if as_json:
        echo_json(found)
    elif found:
        show(silence_table(found, times()))
    else:
        click.echo("no silences")


@click.command("reset-stop")
@at_a_broker
@click.argument("zone")
@BY
@click.option("--why", required=True, help="What was done about it; kept with the event.")
def reset_stop(suite: SuiteSettings, zone: str, by: str, why: str) -> None:
    """Lift the emergency stop of ZONE ("all" for the stop of everything)."""
    _send(suite, "reset_stop", {"zone": zone, "why": why}, by)
    click.echo(f"the stop of {zone} is lifted")


@click.command("alert-test")
@at_a_broker
@click.argument("receiver", required=False)
@click.option(
    "--as",
    "labels",
    multiple=True,
    metavar="LABEL=VALUE",
    help="Send nothing; print who would be notified of an alert with these labels: --as rule=on_battery"
    " --as device=ups.",
)
@JSON
@BY
@click.option("--timeout", "timeout_s", default=30.0, show_default=True, help="Seconds to wait for the result.")
def alert_test(
    suite: SuiteSettings, receiver: str | None, labels: tuple[str, ...], by: str, timeout_s: float, as_json: bool
) -> None:
    """Send a test message to RECEIVER, or to all receivers, and print the result for each channel.

    With --as, send nothing: print who would be notified of a real alert, when, and what holds it back.
    """
    if labels:
        if receiver is not None:
            raise click.UsageError("--as goes by the routes; leave RECEIVER out")
        _trace(suite, labels, as_json)
        return
    tests = _send(suite, "test", {"receiver": receiver} if receiver else {}, by)["tests"]
    rows, waiting = _deliveries(suite, [test["id"] for test in tests], timeout_s)
    for name in (test["receiver"] for test in tests if not test["routed"]):
        click.echo(f"{name}: no route leads to it, so no alert ever does; see `upskeep check`", err=True)
    for name in (test["receiver"] for test in tests if test["mqtt"]):
        click.echo(f"{name}: on the topic notice/{name}")
    for row in rows:
        click.echo(f"{row['channel']}: {_came_of(row, waiting.get(row['channel'], 0))}")
    if any(row["state"] != "sent" for row in rows):
        raise click.exceptions.Exit(ExitCode.FAILED)


def _trace(suite: SuiteSettings, labels: tuple[str, ...], as_json: bool) -> None:
    """Print where an alert with these labels would go; end with 1 where nobody would be notified."""
    from shared.client.client import Client, ClientError
    from upskeep.text.route_text import is_notified, route_lines

    given = dict(_label(text) for text in labels)
    if "rule" not in given:
        raise click.BadParameter("name a rule of alerts.yaml: --as rule=on_battery", param_hint="--as")
    with complaints(ClientError), Client(suite) as client:
        found = client.ask(ALERTER, "route", {"labels": given})
    if as_json:
        echo_json(found)
    else:
        click.echo(safe_lines("\n".join(route_lines(found))))
    if not is_notified(found):
        raise click.exceptions.Exit(ExitCode.FAILED)


def _label(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not name or not sign or not value or value[0] in "~=":
        raise click.BadParameter(f"write LABEL=VALUE, as in device=ups (got {text!r})", param_hint="--as")
    return name.strip(), value.strip().strip('"')


def _deliveries(suite: SuiteSettings, ids: list[str], timeout_s: float) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return how far notices have got once none is on its way any more, or the time is over."""
    from shared.client.client import Client, ClientError

    deadline = time.monotonic() + timeout_s
    while True:
        with complaints(ClientError), Client(suite) as client:
            answer = client.ask(ALERTER, "delivery", {"ids": ids})
        rows = list(answer["delivery"])
        if all(row["state"] in SETTLED for row in rows) or time.monotonic() > deadline:
            return rows, dict(answer["waiting"])
        time.sleep(LOOK_S)


def _came_of(row: dict[str, Any], waiting: int) -> str:
    if row["state"] == "sent":
        return "sent"
    if row["state"] in SETTLED:
        return f"not sent: {safe_text(str(row['reason']))}"
    return f"still waits with {waiting - 1} others; `upskeep tail status/alerter` has the last error"


def _send(suite: SuiteSettings, name: str, data: dict[str, Any], by: str) -> dict[str, Any]:
    """Send the alerter a command, and return its result; prints the reason where it refuses."""
    from shared.client.client import Client, ClientError

    with complaints(ClientError), Client(suite) as client:
        return dict(client.order(ALERTER, name, data, by))
