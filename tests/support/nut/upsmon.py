"""Debian's own ``upsc`` and ``upsmon``, in a folder of their own; ``upsmon`` shuts nothing down but leaves a note."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.nut.upsd import _end, nut_program
from tests.support.waiting import until

CONFIG = """
MONITOR {ups}@127.0.0.1:{port} 1 {user} {password} secondary
MINSUPPLIES 1
SHUTDOWNCMD "{folder}/shutdown"
NOTIFYCMD "{folder}/notify"
POWERDOWNFLAG "{folder}/killpower"
POLLFREQ 1
POLLFREQALERT 1
HOSTSYNC 2
DEADTIME 15
FINALDELAY 0
"""
NOTICES = ("ONLINE", "ONBATT", "LOWBATT", "FSD", "COMMOK", "COMMBAD", "SHUTDOWN", "REPLBATT", "NOCOMM")


@dataclass
class Upsmon:
    """A monitor of one UPS at a port of this machine."""

    folder: Path
    port: int
    ups: str = "ups"
    user: str = "watcher"
    password: str = "secret"
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it logs in by itself."""
        self.folder.mkdir()
        flags = "".join(f"NOTIFYFLAG {notice} EXEC\n" for notice in NOTICES)
        self._file("upsmon.conf", CONFIG.format(**vars(self)) + flags)
        self._script("notify", 'echo "$NOTIFYTYPE" >> "$(dirname "$0")/notices"')
        self._script("shutdown", 'touch "$(dirname "$0")/went_down"')
        here = str(self.folder)
        environ = {**os.environ, "NUT_CONFPATH": here, "NUT_STATEPATH": here, "NUT_ALTPIDPATH": here}
        with (self.folder / "log").open("wb") as log:
            command = [nut_program("upsmon") or "upsmon", "-F", "-p", "-D"]
            self.process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=self.folder)

    def notices(self) -> list[str]:
        """Return what it has notified of, in order."""
        path = self.folder / "notices"
        return path.read_text().split() if path.exists() else []

    def went_down(self) -> bool:
        """Return whether it has run its shutdown command."""
        return (self.folder / "went_down").exists()

    def until_notified(self, notice: str, times: int = 1) -> None:
        """Wait for a notice."""
        until(lambda: self.notices().count(notice) >= times, f"{notice}\n{self.notices()}\n{self.log()}")

    def log(self) -> str:
        """Return the end of its log."""
        return (self.folder / "log").read_text()[-3000:]

    def end(self) -> None:
        """End it."""
        _end(self.process)

    def _file(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o600)

    def _script(self, name: str, line: str) -> None:
        (self.folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (self.folder / name).chmod(0o700)


def upsc(*arguments: str) -> str:
    """Run ``upsc``; return what it prints, on either channel."""
    done = subprocess.run(["upsc", *arguments], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    return "\n".join(line for line in lines if not line.startswith("Init SSL"))
