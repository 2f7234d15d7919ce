"""``upskeep actuators`` and its like: where every actuator is and why, and a try of one, with a time limit."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Any

import click

from shared.safe_text import safe_lines
from shared.suite import SuiteSettings
from upskeep.commands.options import JSON, at_a_broker, complaints, echo_json

SUPERVISOR = "climate_supervisor"


@click.command()
@at_a_broker
@JSON
def actuators(suite: SuiteSettings, as_json: bool) -> None:
    """List the actuators: where each is, whether it is reachable, and why it is on or off."""
    from shared.client.client import Client, ClientError

    with complaints(ClientError), Client(suite) as client:
        found = client.ask(SUPERVISOR, "actuators")
    if as_json:
        echo_json(found)
    else:
        click.echo(safe_lines("\n".join(_lines(found))))


@click.command("try-actuator")
@at_a_broker
@click.argument("name")
@click.option("--level", type=click.FloatRange(0, 100), default=100, show_default=True, help="In percent; 0 is off.")
@click.option(
    "--for", "for_s", type=click.FloatRange(1, 300), default=10, show_default=True, help="Seconds; it ends by itself."
)
@click.option("--by", default=getpass.getuser, help="Name to sign with.  [default: your user name]")
@JSON
def try_actuator(suite: SuiteSettings, name: str, level: float, for_s: float, by: str, as_json: bool) -> None:
    """Switch the actuator NAME for a while. Every guard holds during a try, too."""
    from shared.client.client import Client, ClientError

    with complaints(ClientError), Client(suite) as client:
        data = {"actuator": name, "level": level / 100, "for_s": for_s}
        result = client.order(SUPERVISOR, "try", data, by)
    if as_json:
        echo_json(result)
    else:
        click.echo(f"{name} is tried at {level:g} % for {for_s:g} s; `upskeep actuators` shows what comes of it")


def _lines(found: Mapping[str, Any]) -> list[str]:
    lines = [] if found["armed"] else ["Nothing is switched: config/actuators.yaml says `armed: false`."]
    lines += [f"EMERGENCY STOP of {stop['zone']} by {stop['by']}: {stop['reason']}" for stop in found["stops"]]
    lines += [f"HEAT EMERGENCY in {zone}" for zone in found["emergencies"]]
    states = found["actuators"]
    if not states:
        return [*lines, "There is no actuator; docs/actuators.md leads through adding one."]
    width = max(len(state["actuator"]) for state in states)
    return lines + [_line(state, width) for state in states]


def _line(state: Mapping[str, Any], width: int) -> str:
    level = state["level"]
    reported = "unknown" if level is None else f"{level:.0%}"
    gone = ", not reachable" if state["available"] is False else ""
    power = "" if state["power_w"] is None else f", {state['power_w']:g} W"
    failure = f"; {state['failure']}" if state["failure"] else ""
    lease = "" if state["lease"] == "device" else ", no lease of its own"
    return (
        f"{state['actuator']:<{width}}  {state['zone']}  {state['kind']}: ordered {state['ordered']:.0%}, is {reported}"
        f"{power}{gone}{lease} ({state['reason']}: {state['text'] or '-'}){failure}"
    )
