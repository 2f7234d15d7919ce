"""A database of a measurement's own, which is gone after it: what it left behind would be vacuumed in the next one."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from fleet.store.connection import connect


@contextmanager
def own_database(server: str) -> Iterator[str]:
    """Yield the URL of a new database at the server of another one's URL."""
    name = f"bench_{secrets.token_hex(4)}"
    with connect(server) as asking:
        asking.execute(f"CREATE DATABASE {name}".encode())
        url = re.sub(rf"/{asking.info.dbname}(?=$|\?)", f"/{name}", server)
    try:
        yield url
    finally:
        with connect(server) as asking:
            asking.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
