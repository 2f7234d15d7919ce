"""systemd's journal as the place where a process prints.

Rules:
1. Whether an output is the journal's is what ``JOURNAL_STREAM`` says, its device and inode (systemd.exec(5)): a process
   whose output went elsewhere since then does not print for it.
2. There each line begins with its priority in angle brackets (sd-daemon(3)); time and name are the journal's own.
3. Whoever starts a service gives it a stream under the service's name, so that ``journalctl -t NAME`` is its log.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from shared.safe_log import SafeFormatter

STREAM = "JOURNAL_STREAM"
STREAMS = Path("/run/systemd/journal/stdout")  # where a stream is had
STDOUT, STDERR = 1, 2
PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
HEADER = "{name}\n\n6\n1\n0\n0\n0\n"  # no unit; info where no priority is said; forwarded nowhere


def is_journal(environ: Mapping[str, str], descriptor: int = STDERR) -> bool:
    """Whether what this process writes to ``descriptor`` goes to the journal."""
    try:
        return environ.get(STREAM) == _identity(descriptor)
    except OSError:  # closed
        return False


def marked(text: str, level: int) -> str:
    """Return text whose every line has the priority of a level of ``logging``."""
    priority = PRIORITIES.get(level, PRIORITIES[logging.INFO])
    return "\n".join(f"<{priority}>{line}" for line in text.split("\n"))


class JournalFormatter(SafeFormatter):
    """A log's format for the journal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the entry, each line of a traceback with its priority, too."""
        return marked(super().format(record), record.levelno)


def open_output(name: str, path: Path, environ: MutableMapping[str, str]) -> int:
    """Return a descriptor for what the process ``name`` prints; ``environ`` is the one it will have.

    It is a stream of the journal where this process prints there, and else the file.
    """
    if is_journal(environ):
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
                stream.connect(str(STREAMS))
                stream.shutdown(socket.SHUT_RD)
                stream.sendall(HEADER.format(name=name).encode())
                environ[STREAM] = _identity(stream.fileno())
                return stream.detach()
        except OSError:  # it is not there, or this user may not
            pass
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)


def where(name: str, path: Path, environ: Mapping[str, str]) -> str:
    """Return where a person reads what ``open_output`` took."""
    return f"journalctl -t {name}" if is_journal(environ) else str(path)


def _identity(descriptor: int) -> str:
    found = os.fstat(descriptor)
    return f"{found.st_dev}:{found.st_ino}"
