"""A command at a terminal of 80 columns, with somebody who types when asked."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

DEADLINE_S = 60.0
COLUMNS, ROWS = 80, 24


class Terminal:
    """One process whose input and output are a terminal; ``shown`` is all it has printed."""

    def __init__(self, call: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> None:
        self._fd, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
        self.process = subprocess.Popen(
            call, cwd=cwd, env=dict(environ), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.shown = ""

    def answer(self, asked: str, typed: str) -> None:
        """Wait until ``asked`` stands at the end of what is shown, then type a line."""
        deadline = time.monotonic() + DEADLINE_S
        while not self.shown.rstrip().endswith(asked):
            assert time.monotonic() < deadline, f"never asked {asked!r}:\n{self.shown}"
            assert self._read(), f"ended before it asked {asked!r}:\n{self.shown}"
        os.write(self._fd, f"{typed}\n".encode())

    def end(self) -> int:
        """Read to the end and return the exit code."""
        deadline = time.monotonic() + DEADLINE_S
        while self._read():
            assert time.monotonic() < deadline, f"does not end:\n{self.shown}"
        os.close(self._fd)
        return self.process.wait(DEADLINE_S)

    def _read(self) -> bool:
        """Take what is there within a moment; False at the end."""
        if not select.select([self._fd], [], [], 0.1)[0]:
            return True
        try:
            got = os.read(self._fd, 65536)
        except OSError:  # Linux's EIO: the other side is closed
            return False
        self.shown += got.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(got)
