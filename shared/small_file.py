"""A file that a setting names and that holds little: a secret, a certificate, a key."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MOST_BYTES = 1 << 20  # a bundle of authorities has a quarter of it


def read_small(path: Path | str) -> bytes:
    """Return what a file holds; raises OSError, also for what is no file (a folder, a pipe, a device) or too large.

    It never waits: a pipe that nobody writes to would hold its reader for ever, and a device never ends.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:  # a NUL in its name
        raise OSError(errno.EINVAL, "it is no name of a file", str(path)) from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a file", str(path))
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it holds more than {MOST_BYTES} bytes", str(path))
    return content
