"""``upskeep influx``: set it up, and read a lost ledger back from it."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from upskeep.commands.options import CONFIG, complaints
from upskeep.exit_codes import ExitCode


@click.group()
def influx() -> None:
    """Set up InfluxDB, or rebuild a lost ledger from it."""


@influx.command()
@CONFIG
@click.option("--dry-run", is_flag=True, help="Change nothing; print what is there and what would be done.")
def setup(config: Path, dry_run: bool) -> None:
    """Create what is missing in InfluxDB, or print the commands for someone who may."""
    from upskeep.influxdb.setup import InfluxError, read_config
    from upskeep.influxdb.setup import setup as set_up

    with complaints(InfluxError):
        _, settings = read_config(config, os.environ)
        lines, good = set_up(settings, dry_run=dry_run)
    click.echo("\n".join(lines))
    if not good:
        sys.exit(ExitCode.FAILED)


@influx.command()
@CONFIG
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the suite's data.")
@click.option("--force", is_flag=True, help="Set an existing ledger with events aside.")
def restore(config: Path, data: Path | None, force: bool) -> None:
    """Rebuild counter_store's ledger from the events in InfluxDB. Stop the service first."""
    from rich.progress import Progress

    from upskeep.influxdb.restore import restore_ledger
    from upskeep.influxdb.setup import InfluxError, read_config
    from upskeep.text.message_text import console

    out = console(stderr=True)
    with complaints(InfluxError), Progress(console=out, transient=True, disable=not out.is_terminal) as progress:
        suite, settings = read_config(config, os.environ)
        suite = suite if data is None else suite.model_copy(update={"data": data})
        task = progress.add_task("reading events", total=None)
        done = restore_ledger(
            *(suite, settings, datetime.now(UTC)),
            lambda read, total: progress.update(task, completed=read, total=max(read, total)),
            force=force,
        )
    if done.aside is not None:
        click.echo(f"the ledger that was there is now {done.aside}")
    click.echo(f"restored {done.events} events of {done.types} types")
