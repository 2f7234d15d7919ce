"""``upskeep export`` and ``import``: what is counted, as files."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from shared.places import config_folder
from shared.suite import SuiteSettings
from upskeep.commands.options import (
    SINCE,
    UNTIL,
    asked,
    at_a_broker,
    chosen_events,
    complaints,
    in_a_folder,
    putting,
    so_many,
)
from upskeep.commands.progress import progress_bar

ENDINGS = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
FORMATS = ("json", "jsonl", "csv", "parquet")
FORMAT = click.option("--format", "form", type=click.Choice(FORMATS), help="[default: by the ending of FILE]")


@click.command("export")
@at_a_broker
@click.argument("what", type=click.Choice(["history", "counters", "statistics", "all"]))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@FORMAT
@chosen_events
@SINCE
@UNTIL
@click.option("--days", type=click.IntRange(1, 36_600), help="Of statistics: number of days to cover.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def export(suite: SuiteSettings, what: str, file: Path, form: str | None, force: bool, **choice: Any) -> None:
    """Export counters, events or statistics to FILE. "all" exports everything, for `upskeep import`."""
    from shared.client.client import ClientError
    from shared.client.session import Session
    from upskeep.transfer.rows import SOURCES
    from upskeep.transfer.whole import write_whole
    from upskeep.transfer.writers import write_rows

    form = _format(file, form)
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already; --force writes over it")
    in_a_folder(file)
    if what == "all" and form != "json":
        raise click.UsageError("all goes into one .json file")
    choice = _chosen(what, choice)
    with complaints(ClientError), putting(file) as place, Session(suite, "counter_store") as store:
        inventory = store.ask("inventory")
        counted = 0
        with progress_bar("events", _expected(what, inventory, choice)) as step:
            if what == "all":
                counted = write_whole(place, store.ask, inventory, lambda: step(1))
            else:
                rows = SOURCES[what](store.ask, choice)
                counted = write_rows(place, form, what, rows, lambda: step(1))
    click.echo(f"{so_many(counted, 'row' if what in ('counters', 'statistics') else 'event')} in {file}")


@click.command("import")
@at_a_broker
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@FORMAT
@click.option("--timezone", "zone", default="UTC", show_default=True, help="Time zone of times without one.")
@click.option("--by", default=getpass.getuser, help="Name to sign with.  [default: your user name]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_(suite: SuiteSettings, file: Path, form: str | None, zone: str, by: str, as_json: bool) -> None:
    """Import the events of FILE: an export, or the event_counters.json of the UPS Monitor.

    Each event counts once, however often you import it, and also if the store has counted it before.
    """
    from shared.client.client import ClientError
    from shared.client.session import Session
    from upskeep.transfer.importer import import_file

    source = _source(suite, file, _format(file, form), zone)
    with complaints(ClientError), Session(suite, "counter_store", by) as store, progress_bar("events", None) as step:
        done = import_file(source, store.command, step)
    if as_json:
        click.echo(json.dumps({"new": done.new, "known": done.known, "opened": done.opened}))
        return
    click.echo(f"{so_many(done.new, 'event')} counted, {done.known:,} were known already")
    for name, count in sorted(done.opened.items()):
        click.echo(f"{name}: {count:,} more in the total, as an opening balance; {file.name} has no events of them")


def _source(suite: SuiteSettings, file: Path, form: str, zone: str) -> Any:
    from shared.client.client import ClientError
    from upskeep.transfer.readers import Source, kind_of
    from upskeep.transfer.seed import SeedSource

    with complaints(ClientError):
        if form == "json" and kind_of(file) == "seed":
            try:
                known_zone = ZoneInfo(zone)
            except (KeyError, ValueError, OSError):  # KeyError: none of that name
                raise ClientError(f"--timezone: {zone!r} is no time zone; write UTC, or as in Europe/Berlin") from None
            return SeedSource(file, suite.site, known_zone, _catalogued())
        return Source(file, form)
    raise AssertionError  # complaints ends the process


def _catalogued() -> Any:
    """Return a function that knows a type's category and severity by ``config/events.yaml``."""
    from upskeep.transfer.kinds import catalogued

    folder = click.get_current_context().params.get("config") or config_folder(os.environ)
    return catalogued(Path(folder), os.environ)


def _chosen(what: str, choice: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was chosen; raises UsageError where that is nothing to choose ``what`` by."""
    from services.counter_store.application.queries import QUESTIONS

    model, _ = QUESTIONS["inventory" if what == "all" else what]
    return asked(what, model, choice)


def _format(file: Path, form: str | None) -> str:
    found = form or ENDINGS.get(file.suffix.lower())
    if found is None:
        raise click.UsageError(f"{file} ends in none of {', '.join(ENDINGS)}; say --format")
    return found


def _expected(what: str, inventory: Mapping[str, Any], choice: Mapping[str, Any]) -> int | None:
    """Return how many rows are to be expected, None where that is not known."""
    held: Mapping[str, int] = inventory["held"]
    if what not in ("history", "all"):
        return None
    if choice.keys() - {"types"}:
        return None
    return sum(count for name, count in held.items() if "types" not in choice or name in choice["types"])
