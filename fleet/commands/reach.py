"""What the commands of the fleet share: the settings, the database, and how a failure is said."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shared.extras import is_missing, needs
from upskeep.commands.options import CONFIG, complaints
from upskeep.exit_codes import ExitCode

if TYPE_CHECKING:
    from fleet.settings import FleetSettings
    from fleet.store.connection import Connection

PACKAGES = ("psycopg", "confluent_kafka")  # both come with the extra ``fleet``
EXTRA = "psycopg"


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option ``--config``, and the fleet's settings as its ``settings``."""

    @CONFIG
    @functools.wraps(command)
    def called(config: Path, **rest: object) -> None:
        from fleet.settings import read_fleet

        if any(is_missing(package) for package in PACKAGES):
            click.echo(f"upskeep: `upskeep fleet` {needs(EXTRA)}", err=True)
            sys.exit(ExitCode.FAILED)
        with complaints():
            settings = read_fleet(config, os.environ)
        command(settings=settings, **rest)

    return called


@contextmanager
def at_the_database(settings: FleetSettings, *, current: bool = True) -> Iterator[Connection]:
    """Yield a connection; what may go wrong is one sentence. ``current``: the tables must be this program's."""
    from fleet.settings import secret
    from fleet.store.connection import DatabaseAwayError, DatabaseRefusesError, connect
    from fleet.store.schema import check_version

    with complaints(DatabaseAwayError, DatabaseRefusesError):
        password = secret(settings.database.password_file, "database.password_file")
        with connect(settings.database.url, password=password) as connection:
            if current:
                check_version(connection)
            yield connection
