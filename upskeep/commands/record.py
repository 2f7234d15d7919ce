"""``upskeep record``: a running system's frames into a file."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import click

from shared.suite import SuiteSettings
from upskeep.commands.options import JSON, at_a_broker, complaints

ENDINGS = (".jsonl", ".ndjson")


@click.command()
@at_a_broker
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="How long.  [default: until Ctrl-C]")
@click.option("--device", "devices", multiple=True, help="Only this device; repeatable.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@JSON
def record(
    suite: SuiteSettings, file: Path, seconds: float | None, devices: tuple[str, ...], force: bool, as_json: bool
) -> None:
    """Record the frames of the running suite to FILE (.jsonl), for backtest, replay or a bug report."""
    from shared.client.client import Client, ClientError
    from upskeep.transfer.recorder import RecordingTally

    if file.suffix.lower() not in ENDINGS:
        raise click.UsageError(f"FILE must end in .jsonl, so that it can be played again (got {file.name!r})")
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already; --force writes over it")
    tally, only = RecordingTally(), frozenset(devices)
    with complaints(ClientError, OSError), Client(suite) as client, suppress(KeyboardInterrupt):
        frames = client.listen("raw/+", seconds or float("inf"))
        click.echo(f"recording to {file}" + ("" if seconds else "; Ctrl-C ends it"), err=True)
        with file.open("w", 1, encoding="utf-8") as out:
            out.writelines(line for _, payload in frames if (line := tally.line(payload, only)) is not None)
    if as_json:
        click.echo(json.dumps(tally.summary()))
        return
    click.echo(f"{tally.frames} frames of {', '.join(sorted(tally.devices)) or 'no device'} in {file}")
    if tally.missing:
        click.echo(f"{tally.missing} frames are missing: the connection or the broker was away", err=True)
