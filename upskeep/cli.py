"""The command line: every command by its name. What each does is in ``upskeep/commands``."""

from __future__ import annotations

import sys

import click

from shared import __version__
from upskeep.commands import (
    alerts,
    ask,
    calibrate,
    influx,
    look,
    offer,
    record,
    rehearse,
    replay,
    report,
    run,
    scan,
    shutdown,
    transfer,
)

COMMANDS = (
    run.run,
    rehearse.backtest,
    rehearse.check,
    look.tail,
    look.counters,
    look.alerts,
    ask.stats,
    ask.health,
    ask.history,
    ask.analyze,
    report.report,
    transfer.export,
    transfer.import_,
    replay.replay,
    alerts.ack,
    alerts.silence,
    alerts.unsilence,
    alerts.silences,
    alerts.reset_stop,
    alerts.alert_test,
    offer.emit,
    record.record,
    calibrate.calibrate,
    scan.scan,
    shutdown.shutdown_plan,
    influx.influx,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="upskeep")
def cli() -> None:
    """Watch UPS power and room climate, and count every event exactly once."""


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Entry point of the installed command."""
    try:
        cli()
    except KeyboardInterrupt:
        sys.exit(130)
