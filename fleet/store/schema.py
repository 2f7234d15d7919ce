"""The tables, brought to the newest version; who may read them.

Rules:
1. One process migrates at a time; the others wait for it.
2. Each file runs in a transaction with the row that says so: a crash leaves the version before.
3. A database that is newer than this program is refused: an older program must not write to it.
"""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import LiteralString

import psycopg
from psycopg import sql

from fleet.store.connection import SCHEMA, Connection, DatabaseRefusesError, classified

LOCK = 0x55504B_01
READER = "upskeep_fleet_reader"


def migrations() -> list[tuple[int, str, LiteralString]]:
    """Return (number, name, SQL) of each file in order."""
    folder = files("fleet.store.migrations")
    found = [match for each in folder.iterdir() if (match := re.fullmatch(r"(\d{4})_(\w+)\.sql", each.name))]
    return sorted((int(match[1]), match[2], _text(folder / match[0])) for match in found)


def _text(file: Traversable) -> LiteralString:
    return file.read_text(encoding="utf-8")


def migrate(connection: Connection) -> list[str]:
    """Bring the tables to the newest version; returns the names of what was run."""
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            return _migrated(connection)
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    except psycopg.Error as error:
        raise classified(error) from error


def _migrated(connection: Connection) -> list[str]:
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_versions"
        " (version int PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL DEFAULT now())"
    )
    have, known = version(connection), migrations()
    if have > known[-1][0]:
        raise DatabaseRefusesError(
            f"the database has version {have} and this program knows {known[-1][0]}: install the newer Upskeep here"
        )
    done = []
    for number, name, text in known:
        if number > have:
            with connection.transaction():
                connection.execute(text)
                connection.execute("INSERT INTO schema_versions (version, name) VALUES (%s, %s)", [number, name])
            done.append(name)
    return done


def version(connection: Connection) -> int:
    """Return the version of the tables; 0 where there are none."""
    row = connection.execute("SELECT to_regclass('schema_versions')").fetchone()
    if row is None or row[0] is None:
        return 0
    found = connection.execute("SELECT coalesce(max(version), 0) FROM schema_versions").fetchone()
    return int(found[0]) if found else 0


def check_version(connection: Connection) -> None:
    """Raise DatabaseRefusesError where the tables are not those of this program."""
    have, newest = version(connection), migrations()[-1][0]
    if have != newest:
        advice = "run `upskeep fleet migrate`" if have < newest else "install the newer Upskeep here"
        raise DatabaseRefusesError(f"the database has version {have}, this program needs {newest}: {advice}")


def grant_reader(connection: Connection) -> None:
    """Let the role of readers (Grafana, people) read and nothing else; makes it where it is not there."""
    role = sql.Identifier(READER)
    with connection.transaction():
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        schema = sql.Identifier(SCHEMA)
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
        connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(schema, role))
        connection.execute(
            sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT SELECT ON TABLES TO {}").format(schema, role)
        )
