"""``upskeep backup`` and ``upskeep restore``: all that the suite knows, in one file, and back."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upskeep.commands.options import CONFIG, complaints, so_many

if TYPE_CHECKING:
    from shared.ledger import Schema
    from shared.suite import SuiteSettings
    from upskeep.backup.archive import Manifest

DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the suite's data.  [default: suite.yaml]",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@CONFIG
@DATA
@click.option("--keep", type=click.IntRange(1, 10_000), help="FILE is a folder: keep only its newest N backups.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@click.option("--verify", is_flag=True, help="Make nothing; check that FILE is a backup with nothing damaged.")
def backup(file: Path, config: Path, data: Path | None, keep: int | None, force: bool, verify: bool) -> None:
    """Back up counts, alerts, silences and all else the services keep, while they run. FILE may be a folder.

    The points in InfluxDB are not in it: InfluxDB has its own tools for that.
    """
    from rich.progress import Progress

    from shared.ledger import LedgerError
    from upskeep.backup.archive import BackupError
    from upskeep.backup.make import file_in, keep_newest, ledgers_in, make_backup, room_for
    from upskeep.text.message_text import console

    now, out = datetime.now(UTC), console(stderr=True)
    with complaints(BackupError, LedgerError, OSError):
        if verify:
            _verify(file)
            return
        suite = _suite(config, data)
        if keep is not None and not file.is_dir():
            raise click.UsageError(f"--keep counts the backups of a folder, and {file} is none")
        to = file_in(file, suite.site, now) if file.is_dir() else file
        if to.exists() and not force:
            raise click.UsageError(f"{to} is there already; name another file, or replace it with --force")
        if not to.absolute().parent.is_dir():
            raise click.UsageError(f"{to}: there is no folder {to.parent}; make it first")
        room_for(ledgers_in(suite.data), to.absolute().parent)
        with Progress(console=out, transient=True, disable=not out.is_terminal) as progress:
            task = progress.add_task("copying", total=None)
            manifest = make_backup(
                *(suite.data, config, suite.site, to, now),
                lambda done, total: progress.update(task, completed=done, total=total),
            )
        click.echo(f"{to}: {_contents(manifest)}")
        for old in keep_newest(file, suite.site, keep) if keep is not None else ():
            click.echo(f"deleted {old}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@CONFIG
@DATA
@click.option(
    "--settings-into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also put the backup's configuration there, into a new folder.",
)
@click.option("--force", is_flag=True, help="Set ledgers that are there aside.")
def restore(file: Path, config: Path, data: Path | None, settings_into: Path | None, force: bool) -> None:
    """Put a backup into the suite's data folder. Stop the suite first."""
    from upskeep.backup.archive import BackupError
    from upskeep.backup.restore import restore as put_back
    from upskeep.runner.data_lock import DataError

    with complaints(BackupError, DataError, OSError):
        suite = _suite(config, data)
        manifest, aside = put_back(file, suite.data, settings_into, _schemas(), datetime.now(UTC), force=force)
    for path in aside:
        click.echo(f"what was there is now {path}")
    click.echo(f"{suite.data}: {_contents(manifest)}, as of {manifest.made:%Y-%m-%d %H:%M:%SZ}")
    if manifest.site != suite.site:
        click.echo(f"the backup is of site {manifest.site}, and suite.yaml says {suite.site}: make them the same")


def _suite(config: Path, data: Path | None) -> SuiteSettings:
    from shared.settings import read_settings
    from shared.suite import SuiteSettings

    with complaints():
        suite = read_settings(config, "suite", SuiteSettings, os.environ)
    return suite if data is None else suite.model_copy(update={"data": data})


def _schemas() -> dict[str, Schema]:
    from upskeep.service_apps import SERVICES

    return {service.route.name: service.schema for service in SERVICES}


def _verify(file: Path) -> None:
    from upskeep.backup.restore import verify

    manifest = verify(file, _schemas(), file.absolute().parent)
    click.echo(f"{file}: sound; {_contents(manifest)}, as of {manifest.made:%Y-%m-%d %H:%M:%SZ}")


def _contents(manifest: Manifest) -> str:
    size = sum(part.size for part in manifest.ledgers.values())
    counted = "" if manifest.counted is None else f", {so_many(manifest.counted, 'event')} counted"
    return f"{so_many(len(manifest.ledgers), 'ledger')} of {size / 1e6:.1f} MB{counted}"
