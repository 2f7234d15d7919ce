"""A folder of data belongs to one run at a time: two suites over the same ledgers would put each other out of step."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DataError(RuntimeError):
    """The folder cannot be used; says why and what to do."""


@contextmanager
def hold_data_folder(data: Path) -> Iterator[None]:
    """Make the folder, if it is not there, and hold it; whoever dies lets go of it. Raises DataError."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / "run.lock").open("w")
    except OSError as error:
        raise DataError(f"{data} cannot hold data: {error.strerror}; name another folder with --data") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(
                f"{data} belongs to an `upskeep run` that is at work: stop it, or name another folder with --data"
            ) from None
        yield
