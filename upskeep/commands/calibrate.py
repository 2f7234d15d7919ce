"""``upskeep calibrate``: what a sensor says, held against what somebody has measured beside it."""

from __future__ import annotations

import getpass
from typing import Any

import click

from shared.suite import SuiteSettings
from upskeep.commands.options import JSON, at_a_broker, complaints, echo_json, times


@click.command()
@at_a_broker
@click.argument("device", required=False)
@click.argument("channel", required=False)
@click.option("--reference", type=float, help="The true value, for what the sensor reads now.")
@click.option("--read", type=float, help="With --reference: what the sensor read at that time.")
@click.option("--offset", type=float, help="True = read × gain + offset.")
@click.option("--gain", type=float, help="True = read × gain + offset.")
@click.option(
    "--pair", "pairs", type=(float, float), multiple=True, help="READ TRUE; replaces earlier pairs; repeatable."
)
@click.option("--anew", is_flag=True, help="With --reference: drop the earlier pairs.")
@click.option("--due-days", type=float, help="Days until the next calibration is due.")
@click.option("--by", default=getpass.getuser, help="Name to sign with.  [default: your user name]")
@click.option("--remove", is_flag=True, help="Remove the channel's calibration.")
@click.option("--reader", default="reader", show_default=True, help="The reader of the device, if a site has several.")
@JSON
def calibrate(
    suite: SuiteSettings,
    device: str | None,
    channel: str | None,
    by: str,
    reader: str,
    remove: bool,
    as_json: bool,
    pairs: tuple[tuple[float, float], ...],
    **given: Any,
) -> None:
    """Calibrate CHANNEL of DEVICE. Without arguments, list all calibrations.

    One --reference sets an offset; a second one at another reading makes a line, more make a curve.
    """
    from shared.client.client import Client, ClientError

    service = "sensor_reader" if reader == "reader" else f"sensor_reader-{reader}"
    with complaints(ClientError), Client(suite) as client:
        if device is None or channel is None:
            _print(client.ask(service, "calibrations")["calibrations"], as_json)
            return
        wanted = {name: value for name, value in given.items() if value not in (None, False)}
        data = {"device": device, "channel": channel} | ({} if remove else wanted)
        if pairs and not remove:
            data["pairs"] = [list(pair) for pair in pairs]
        result = client.order(service, "uncalibrate" if remove else "calibrate", data, by)
    if remove:
        click.echo(f"{device} {channel} is no longer calibrated")
    else:
        _print([{"device": device, **result}], as_json)


def _print(calibrations: list[dict[str, Any]], as_json: bool) -> None:
    from upskeep.text.message_text import show
    from upskeep.text.table import FittedTable

    if as_json:
        echo_json(calibrations)
        return
    if not calibrations:
        click.echo("nothing is calibrated yet")
        return
    rows = []
    for known in calibrations:
        pairs = ", ".join(f"{read:g} → {true:g}" for read, true in known["pairs"])
        due = f"{known['due_days']:g} days" if known["due_days"] else ""
        when = times().minute(known["at"])
        rows.append((known["device"], known["channel"], pairs, known["by"] or "-", when, due or "-"))
    show(FittedTable(("device", "channel", "read → true", "by", "when", "due after"), rows, spare=(3,)))
