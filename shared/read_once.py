"""A service's settings, worked out once for the same files and variables: a forked service has its parent's.

What is worked out again is memory of its own, and so are the pages of all that is looked at meanwhile (ADR 0056).
Of the suite's settings they may go by the site alone: broker and data are the runner's to choose.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from shared.config_files import files_of, names_of
from shared.context import Context

T = TypeVar("T")
OURS = "UPSKEEP_"
OF_THE_SUITE = ("UPSKEEP_SUITE__", "UPSKEEP_CONFIG", "UPSKEEP_DATA", "UPSKEEP_SPEED")


def read_once(read: Callable[[Context], T]) -> Callable[[Context], T]:
    """Let ``read`` be asked again only where a file or a variable is another; what it returns nobody may change."""
    known: list[tuple[object, T]] = []  # the last alone

    @wraps(read)
    def once(context: Context) -> T:
        basis = _basis(context)
        if not known or known[0][0] != basis:
            known[:] = [(basis, read(context))]
        return known[0][1]

    return once


def _basis(context: Context) -> object:
    """Return all that settings are worked out of."""
    folder, environ = context.folder, context.environ
    files = [path for name in names_of(folder, environ) for path in files_of(folder, name, environ)]
    variables = sorted(
        (key, value) for key, value in environ.items() if key.startswith(OURS) and not key.startswith(OF_THE_SUITE)
    )
    return folder, context.suite.site, variables, [(path, _digest(path)) for path in files]


def _digest(path: Path) -> bytes | None:
    """Return what tells a file's text; None where it cannot be read, which whoever reads it as settings reports."""
    try:
        return sha256(path.read_bytes()).digest()
    except OSError:
        return None
