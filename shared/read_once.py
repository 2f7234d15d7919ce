"""A service's settings, worked out once for the same files and variables: a forked service has its parent's.

What is worked out again is memory of its own, and so are the pages of all that is looked at meanwhile (ADR 0056).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TypeVar

from shared.config_files import files_of, names_of
from shared.context import Context

T = TypeVar("T")
OURS = "UPSKEEP_"


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
    variables = sorted((key, value) for key, value in environ.items() if key.startswith(OURS))
    return folder, context.suite, variables, [(path, _bytes(path)) for path in files]


def _bytes(path: Path) -> bytes | None:
    """Return what is in a file; None where it cannot be read, which whoever reads it as settings reports."""
    try:
        return path.read_bytes()
    except OSError:
        return None
