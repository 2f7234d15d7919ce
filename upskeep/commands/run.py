"""``upskeep run``: the whole suite on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import click

from shared.suite import BrokerSettings, SuiteSettings
from upskeep.commands.options import CONFIG, IN_UTC, complaints, line_style

DEFAULT, GIVEN = click.core.ParameterSource.DEFAULT, click.core.ParameterSource.COMMANDLINE


@click.command()
@CONFIG
@IN_UTC
@click.option(
    "--source",
    help="auto, i2c, sim[:SCENARIO] or recording:FILE[,FILE…].  [default: source in sensor_reader.yaml]",
)
@click.option(
    "--speed",
    help="Speed of a recording or simulation: N times real time, or max.  [default: speed in sensor_reader.yaml]",
)
@click.option("--exit-when-done", is_flag=True, help="Stop once the source has ended and everything is counted.")
@click.option("--json", "as_json", is_flag=True, help="Print only one JSON object, at the end.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for ledgers, logs and reports.  [default: data in suite.yaml]",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=1883, show_default=True, help="Port of the local broker."
)
@click.option(
    "--nut-port",
    type=click.IntRange(0, 65535),
    help="Port of a read-only NUT server for upsc, upsmon and NAS boxes; 3493 is NUT's own, 0 is none.  "
    "[default: nut.port in gateway.yaml]",
)
@click.option(
    "--broker",
    default=lambda: os.environ.get("UPSKEEP_BROKER"),
    help="auto (Mosquitto if installed, else embedded), mosquitto, embedded, or the URL of one that runs.  "
    "[default: $UPSKEEP_BROKER; else broker.url of suite.yaml, if you changed it; else auto]",
)
def run(
    config: Path,
    source: str | None,
    speed: str | None,
    exit_when_done: bool,
    as_json: bool,
    data: Path | None,
    port: int,
    nut_port: int | None,
    broker: str | None,
) -> None:
    """Run the whole suite on this machine until Ctrl-C."""
    from upskeep.check import check_config, check_source, check_speed
    from upskeep.runner.broker import BrokerError
    from upskeep.runner.data_lock import DataError, hold_data_folder
    from upskeep.runner.run import RunOptions
    from upskeep.runner.run import run as run_suite
    from upskeep.runner.supervisor import NewerLedgerError
    from upskeep.text.run_output import RunOutput

    source_of = click.get_current_context().get_parameter_source
    if broker and "://" in broker and (source_of("broker"), source_of("port")) == (DEFAULT, GIVEN):
        named = f"UPSKEEP_BROKER names {broker}"
        raise click.UsageError(f"--port is that of a broker of our own, and {named}; with --broker auto it is ours")
    with complaints(BrokerError, DataError, NewerLedgerError):
        played = {} if source is None else {"UPSKEEP_SOURCE": source}  # as the services have it
        settings = check_config(config, {**os.environ, **played}).suite
        source, speed = _played(config, source, speed)
        check_speed(speed)
        check_source(source, config, os.environ)
        broker = _chosen_broker(broker, settings)
        if data is not None:
            settings = settings.model_copy(update={"data": data})
        out = RunOutput(line_style(), silent=as_json)
        options = RunOptions(config, source, speed, exit_when_done, broker, port, nut_port)
        with hold_data_folder(settings.data):
            outcome = run_suite(options, settings, out.say, out.show)
    if as_json:
        click.echo(outcome.as_json())


def _played(config: Path, source: str | None, speed: str | None) -> tuple[str, str]:
    """Return source and speed: as the command line has them, else as ``sensor_reader.yaml`` does."""
    from services.sensor_reader.settings import load

    reader = load(config, os.environ).reader
    return source or reader.source, speed or ("max" if reader.speed is None else f"{reader.speed:g}")


def _chosen_broker(named: str | None, settings: SuiteSettings) -> str:
    """Return the broker of this run. The address in suite.yaml counts once it is no longer the shipped one."""
    if named:
        return named
    return "auto" if settings.broker.url == BrokerSettings().url else settings.broker.url
