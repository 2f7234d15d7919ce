"""How the fleet's database is reached, and what its failures mean. psycopg is imported in this package alone."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import tuple_row

SCHEMA = "fleet"
Connection = psycopg.Connection[tuple[Any, ...]]
# A batch looks up rows by key: a plan that reads a table whole would cost more with every site.
BY_KEY = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"
PATIENCE_MS = 30_000  # for a lock; for data that is on its way when the server is gone


class DatabaseAwayError(Exception):
    """PostgreSQL cannot be reached, or went away in the midst: what was not committed is as if it never was."""


class DatabaseRefusesError(Exception):
    """PostgreSQL is there and does not let us in, or the database is not what it should be: a person must act."""


class BadValueError(Exception):
    """PostgreSQL cannot hold a value of a batch."""


def connect(url: str, *, password: str | None = None, by_key: bool = False, name: str = "upskeep-fleet") -> Connection:
    """Return a connection in autocommit; raises DatabaseAwayError or DatabaseRefusesError."""
    options = f"-c search_path={SCHEMA},public -c TimeZone=UTC -c lock_timeout={PATIENCE_MS}"
    options += " -c default_transaction_isolation=read\\ committed"
    try:
        return psycopg.connect(
            url,
            autocommit=True,
            row_factory=tuple_row,
            application_name=name,
            connect_timeout=5,
            tcp_user_timeout=PATIENCE_MS,
            options=f"{options} {BY_KEY}" if by_key else options,
            password=password,
        )
    except psycopg.ProgrammingError as error:
        raise DatabaseRefusesError(f"{_first_line(error)}; the setting database must be a URL of PostgreSQL") from None
    except psycopg.OperationalError as error:
        raise _unreached(error) from None


def _unreached(error: psycopg.OperationalError) -> Exception:
    words = _first_line(error)
    for sign in ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied"):
        if sign in words:
            return DatabaseRefusesError(words)
    return DatabaseAwayError(words)


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def classified(error: psycopg.Error) -> Exception:
    """Return what an error of the driver means to us; one that is a fault of ours comes back as it is."""
    if isinstance(error, psycopg.DataError):
        return BadValueError(_first_line(error))
    if isinstance(error, psycopg.errors.InsufficientPrivilege | psycopg.errors.UndefinedTable):
        return DatabaseRefusesError(f"{_first_line(error)}; run `upskeep fleet migrate` as the tables' owner")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return DatabaseAwayError(_first_line(error))
    return error
