"""The command line. Each command is a few lines here; the work is in the module of its name."""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from shared import __version__
from shared.settings import ConfigError, Fault, read_settings
from shared.suite import BrokerSettings, SuiteSettings

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, file_okay=False),
    default=lambda: Path(os.environ.get("UPSKEEP_CONFIG", "config")),
    help="Folder of the YAML files.  [default: config]",
)
BROKER = click.option(
    "--broker",
    "url",
    default=lambda: os.environ.get("UPSKEEP_BROKER", "mqtt://localhost:1883"),
    help="Broker to ask.  [default: $UPSKEEP_BROKER or mqtt://localhost:1883]",
)
USER = click.option("--user", help="User name at the broker.")
PASSWORD = click.option(
    "--password-file", type=click.Path(path_type=Path, dir_okay=False), help="File with the password."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="upskeep")
def cli() -> None:
    """Watch UPS power and room climate, and count every event exactly once."""


@cli.command()
@CONFIG
@click.option(
    "--source", default="auto", show_default=True, help="auto, i2c, sim[:SCENARIO] or recording:FILE[,FILE…]."
)
@click.option(
    "--speed", default="1", show_default=True, help="How fast to play a recording or the simulator: N or max."
)
@click.option("--exit-when-done", is_flag=True, help="Stop when the source has ended and everything is counted.")
@click.option("--json", "as_json", is_flag=True, help="Print nothing but one JSON object at the end.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder for everything kept.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=1883, show_default=True, help="Port of the local broker."
)
@click.option(
    "--broker",
    default=lambda: os.environ.get("UPSKEEP_BROKER", "auto"),
    help="auto (Mosquitto if installed, else embedded), mosquitto, embedded, or the URL of one that runs.",
)
def run(
    config: Path,
    source: str,
    speed: str,
    exit_when_done: bool,
    as_json: bool,
    data: Path | None,
    port: int,
    broker: str,
) -> None:
    """Run the whole suite on this machine until Ctrl-C."""
    from rich.text import Text

    from upskeep.broker import BrokerError
    from upskeep.check import check_speed
    from upskeep.run import Wish
    from upskeep.run import run as run_suite
    from upskeep.show import console, line

    with _complaints(BrokerError):
        settings = _checked(config)
        check_speed(speed)
        if data is not None:
            settings = settings.model_copy(update={"data": data})
        told = console(stderr=as_json)

        def say(text: str, loud: bool = False) -> None:
            if not as_json:
                told.print(Text(f"upskeep  {text}", style="bold yellow" if loud else "dim"))

        def show(message: Any) -> None:
            if not as_json and (text := line(message)) is not None:
                told.print(text)

        wish = Wish(config, source, speed, exit_when_done, broker, port)
        outcome = run_suite(wish, settings, say, show)
    if as_json:
        click.echo(outcome.as_json())


@cli.command()
@CONFIG
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the events there, a JSON object a line."
)
def backtest(config: Path, files: tuple[Path, ...], out: Path | None) -> None:
    """Run recordings through the same code, without broker or clock, and print what comes of them."""
    from upskeep.backtest import backtest as run_backtest

    with _complaints():
        click.echo(run_backtest(files, config, os.environ, out).as_json())


@cli.command()
@CONFIG
def check(config: Path) -> None:
    """Check the configuration and say everything that is wrong with it."""
    from upskeep.check import doubts

    with _complaints():
        _checked(config)
        for doubt in doubts(config, os.environ):
            click.echo(f"doubtful: {doubt}", err=True)
    click.echo(f"the configuration in {config} is good")


@cli.command()
@CONFIG
@BROKER
@USER
@PASSWORD
@click.argument("topics", default="#")
def tail(config: Path, url: str, user: str | None, password_file: Path | None, topics: str) -> None:
    """Print every message as it comes; TOPICS is a filter below the site, e.g. "event/#"."""
    from upskeep.client import Client, ClientError

    with (
        _complaints(ClientError),
        suppress(KeyboardInterrupt),
        Client(_suite(config, url, user, password_file)) as client,
    ):
        for topic, payload in client.listen(topics):
            click.echo(f"{topic} {payload}")


@cli.command()
@CONFIG
@BROKER
@USER
@PASSWORD
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def counters(config: Path, url: str, user: str | None, password_file: Path | None, as_json: bool) -> None:
    """Print every counter."""
    from shared.messages import Counter
    from upskeep.show import counter_table

    _print_retained(_suite(config, url, user, password_file), "counter", Counter, as_json, counter_table)


@cli.command()
@CONFIG
@BROKER
@USER
@PASSWORD
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def alerts(config: Path, url: str, user: str | None, password_file: Path | None, as_json: bool) -> None:
    """Print every alert, firing or resolved."""
    from shared.messages import Alert
    from upskeep.show import alert_table

    _print_retained(_suite(config, url, user, password_file), "alert", Alert, as_json, alert_table)


@cli.command()
@CONFIG
@BROKER
@USER
@PASSWORD
@click.argument("event_type", metavar="TYPE")
@click.option("--device", help="The device it is about.")
@click.option("--data", "text", default="{}", help="Its data, a JSON object.")
def emit(
    config: Path, url: str, user: str | None, password_file: Path | None, event_type: str, device: str | None, text: str
) -> None:
    """Offer an event to the suite on ingest/cli, as a script or Node-RED would."""
    from shared.messages import Candidate
    from upskeep.client import Client, ClientError

    with _complaints(ClientError):
        data = _json_object(text)
        try:
            candidate = Candidate(
                type=event_type, id=str(uuid.uuid4()), time=datetime.now(UTC), device=device, data=data
            )
        except ValidationError as error:
            raise ClientError(
                "; ".join(f"{e['loc'][0]}: {e['msg']} (got {e['input']!r})" for e in error.errors())
            ) from None
        with Client(_suite(config, url, user, password_file)) as client:
            client.offer("cli", candidate)
    click.echo(f"offered {event_type} as {candidate.id}")


@cli.group()
def influx() -> None:
    """Set InfluxDB up, or read a lost ledger back from it."""


@influx.command()
@CONFIG
@click.option("--dry-run", is_flag=True, help="Only say what is there and what would be done.")
def setup(config: Path, dry_run: bool) -> None:
    """Make what InfluxDB has to hold; says what to run where that is not allowed."""
    from upskeep.influx import InfluxError, read_config
    from upskeep.influx import setup as set_up

    with _complaints(InfluxError):
        _, settings = read_config(config, os.environ)
        lines, good = set_up(settings, dry_run=dry_run)
    click.echo("\n".join(lines))
    if not good:
        sys.exit(1)


@influx.command()
@CONFIG
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder for everything kept.")
@click.option("--force", is_flag=True, help="Set a ledger that holds events aside; else it is left alone.")
def restore(config: Path, data: Path | None, force: bool) -> None:
    """Fill a new ledger of counter_store with the events that InfluxDB holds; the service must be stopped."""
    from rich.progress import Progress

    from upskeep.influx import InfluxError, read_config
    from upskeep.influx_restore import restore_ledger
    from upskeep.show import console

    with _complaints(InfluxError), Progress(console=console(stderr=True), transient=True) as progress:
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


def _print_retained(suite: SuiteSettings, kind: str, model: Any, as_json: bool, table: Any) -> None:
    from upskeep.client import Client, ClientError
    from upskeep.show import console

    with _complaints(ClientError), Client(suite) as client:
        found = sorted(client.retained(kind, model), key=lambda message: message.topic(suite.topics))
    if as_json:
        click.echo(json.dumps([message.model_dump(mode="json") for message in found], indent=2, ensure_ascii=False))
    elif found:
        console().print(table(found))
    else:
        click.echo(f"no {kind}s yet")


def _json_object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise click.UsageError(f"--data is not JSON: {error} (got {text!r})") from None
    if not isinstance(data, dict):
        raise click.UsageError(f"--data must be a JSON object, as in '{{\"value\": 3}}' (got {text!r})")
    return data


def _checked(config: Path) -> SuiteSettings:
    from upskeep.check import check_config

    return check_config(config, os.environ)


def _suite(config: Path, url: str, user: str | None, password_file: Path | None) -> SuiteSettings:
    """Return the suite's settings with the broker named on the command line; works without a config folder."""
    with _complaints():
        present = (config / "suite.yaml").exists()
        suite = read_settings(config, "suite", SuiteSettings, os.environ) if present else SuiteSettings()
        try:
            broker = BrokerSettings(url=url, username=user, password_file=password_file, ca_file=suite.broker.ca_file)
        except ValidationError as error:  # its text repeats the URL, and with it a password
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ConfigError([Fault("--broker", "", reason)]) from None
        return suite.model_copy(update={"broker": broker})


@contextmanager
def _complaints(*kinds: type[Exception]) -> Iterator[None]:
    """Turn what may go wrong into a sentence on stderr and an exit code, never a traceback."""
    try:
        yield
    except ConfigError as error:
        click.echo(f"the configuration cannot be used:\n{error}", err=True)
        sys.exit(2)
    except kinds as error:
        click.echo(f"upskeep: {error}", err=True)
        sys.exit(1)


def main() -> None:
    """Entry point of the installed command."""
    try:
        cli()
    except KeyboardInterrupt:
        sys.exit(130)
