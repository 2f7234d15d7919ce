"""A real PostgreSQL on a socket in a folder of its own: started, killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

DEADLINE_S = 60.0
USER = "postgres"
IN_USE = "is still in use"  # the memory that a killed one's children have not let go of


def programs() -> Path | None:
    """Return the folder of its programs; Debian puts them beside each other by version, and not on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


@dataclass
class Postgres:
    """One server. It does not run as root, so root lends it to another user."""

    bin: Path
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="upskeep-pg-")))
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres", user: str = USER) -> str:
        """Return how a client reaches it."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start it, the first time on a fresh disk, and wait until it answers."""
        if not (self.folder / "data").exists():
            if os.geteuid() == 0:
                shutil.chown(self.folder, "nobody", "nogroup")
            self._call("initdb", "-D", f"{self.folder}/data", "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        self._run()
        deadline = time.monotonic() + DEADLINE_S
        while subprocess.run([self.bin / "pg_isready", "-q", "-h", self.folder], check=False).returncode:
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            if self.process is not None and self.process.poll() is not None:
                said = (self.folder / "log").read_text()[-2000:]
                assert any(IN_USE in line for line in said.splitlines()[-4:]), said
                self._run()
            time.sleep(0.05)

    def _run(self) -> None:
        """Start its process; one that was killed a moment ago may still have children, and then it ends at once."""
        with (self.folder / "log").open("ab") as out:
            options = ("-c", "fsync=off", "-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}")
            command = self._as_somebody("postgres", "-D", f"{self.folder}/data", *options)
            self.process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def make(self, database: str) -> str:
        """Make a database; returns its URL."""
        subprocess.run([self.bin / "createdb", "-h", self.folder, "-U", USER, database], check=True)
        return self.url(database)

    def kill(self) -> None:
        """End it as a power cut would: the postmaster first, and its children see that and end."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        self._ended(pid)

    def stop(self) -> None:
        """End it at once, and take its folder away."""
        if self.process is not None and self.process.poll() is None:
            pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGQUIT)
            self._ended(pid)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ended(self, pid: int) -> None:
        assert self.process is not None
        self.process.wait(DEADLINE_S)
        deadline = time.monotonic() + DEADLINE_S
        while Path(f"/proc/{pid}").exists():
            assert time.monotonic() < deadline, "PostgreSQL does not end"
            time.sleep(0.02)

    def _call(self, *command: str) -> None:
        subprocess.run(self._as_somebody(*command), check=True, capture_output=True, cwd=self.folder)

    def _as_somebody(self, program: str, *arguments: str) -> Sequence[str]:
        lent = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups") if os.geteuid() == 0 else ()
        return (*lent, str(self.bin / program), *arguments)
