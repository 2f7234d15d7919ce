"""The command line: every command by its name. What each does is in ``upskeep/commands``."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from shared import __version__
from shared.safe_text import safe_lines
from upskeep.commands import (
    actuators,
    alerts,
    backup,
    calibrate,
    climate,
    completion,
    doctor,
    fleet,
    influx,
    init,
    install,
    live,
    maintenance,
    offer,
    offline,
    queries,
    record,
    replay,
    report,
    run,
    scan,
    service,
    shutdown,
    transfer,
    why,
)
from upskeep.exit_codes import MEANINGS, ExitCode

LONGEST = 200  # signs of a first sentence
COMMANDS = {
    "The suite": (
        *(init.init, run.run, offline.check, doctor.doctor, offline.backtest, record.record),
        *(backup.backup, backup.restore, install.install, install.uninstall, install.status, service.service),
    ),
    "What happens": (live.tail, live.counters, live.alerts),
    "What has happened": (queries.stats, queries.health, queries.history, why.why, queries.analyze, report.report),
    "Alerts": (*(alerts.ack, alerts.silence, alerts.silences, alerts.unsilence, alerts.reset_stop, alerts.alert_test),),
    "History as files, and again": (transfer.export, transfer.import_, replay.replay, influx.influx),
    "Climate": (climate.climate, actuators.actuators, actuators.try_actuator),
    "Devices and hosts": (
        *(scan.scan, calibrate.calibrate, maintenance.maintenance, maintenance.battery, maintenance.forget),
        *(shutdown.shutdown_plan, offer.emit, completion.completion),
    ),
    "Many sites": (fleet.fleet,),
}


class Sections(click.Group):
    """Lists its commands by what they are for, each with its first sentence whole. Ctrl-C ends one with 130."""

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; click alone would make 1 of a Ctrl-C, and colour where ``NO_COLOR`` is set."""
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
        except OSError as error:
            if error.filename is None:  # of the output: ``main`` says so
                raise
            click.echo(safe_lines(f"upskeep: {error.filename!s:.200}: {error.strerror or error}"), err=True)
            raise click.exceptions.Exit(1) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click calls it
        """Write the sections."""
        for title, members in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(each.name or "", each.get_short_help_str(limit=LONGEST)) for each in members])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), meaning.replace("`", "")) for code, meaning in MEANINGS.items()])


@click.group(cls=Sections, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="upskeep")
def cli() -> None:
    """Watch UPS power and room climate, and count every event exactly once."""


for _members in COMMANDS.values():
    for _command in _members:
        cli.add_command(_command)


def main() -> None:
    """Entry point of the installed command."""
    try:
        cli()
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except OSError as error:
        sys.exit(f"upskeep: what is printed cannot be written: {error.strerror or error}")
