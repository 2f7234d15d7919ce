"""``worker`` counts, ``migrate`` makes its tables, ``healthy`` is for probes."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleet.commands.reach import at_the_database, with_settings
from shared.clock import SYSTEM_CLOCK
from shared.safe_log import SafeFormatter
from upskeep.commands.options import complaints
from upskeep.exit_codes import ExitCode

if TYPE_CHECKING:
    from fleet.settings import FleetSettings

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@with_settings
@click.option(
    "--name",
    default=lambda: f"{socket.gethostname()}-{os.getpid()}",
    help="The worker's name.  [default: host and process]",
)
@click.option("--health-file", type=FILE, help="File that says that it works, for `upskeep fleet healthy`.")
def worker(settings: FleetSettings, name: str, health_file: Path | None) -> None:
    """Count what the sites report, as one worker of the group; run as many as there is work for."""
    from fleet.store.connection import DatabaseRefusesError
    from fleet.worker.app import Worker
    from fleet.worker.central_rules import central_rules
    from fleet.worker.collector import collecting_seldom
    from fleet.worker.health import HealthFile, HealthFileError
    from fleet.worker.log import LogBrokenError
    from fleet.worker.stopping import stopping_on_signals

    _log_to_stderr()
    stop = threading.Event()
    health = HealthFile(health_file)
    failing = complaints(DatabaseRefusesError, LogBrokenError, HealthFileError)
    with collecting_seldom(), stopping_on_signals(stop), failing:
        health.begin()
        Worker(name, settings, SYSTEM_CLOCK, stop, health, central_rules(settings.raw)).run()


@click.command()
@with_settings
def migrate(settings: FleetSettings) -> None:
    """Make the tables in the database, or bring them to this version; and let upskeep_fleet_reader read them."""
    from fleet.store import schema

    with at_the_database(settings, current=False) as connection:
        done = schema.migrate(connection)
        schema.grant_reader(connection)
        click.echo(f"the tables have version {schema.version(connection)}" + (f": {', '.join(done)}" if done else ""))


@click.command()
@click.option("--health-file", type=FILE, required=True, help="File that the worker writes.")
def healthy(health_file: Path) -> None:
    """End with 0 while a worker on this machine works, by its file; for probes."""
    from fleet.worker.health import STALE_S, is_fresh

    if not is_fresh(health_file, SYSTEM_CLOCK.wall()):
        click.echo(f"upskeep: no worker has written {health_file} within {STALE_S:.0f} s", err=True)
        sys.exit(ExitCode.FAILED)


def _log_to_stderr() -> None:
    to = logging.StreamHandler(sys.stderr)
    to.setFormatter(SafeFormatter("%(asctime)s %(levelname)-7s fleet: %(message)s", datefmt="%H:%M:%S"))
    logging.basicConfig(level=os.environ.get("UPSKEEP_LOG", "INFO").upper(), handlers=[to])
