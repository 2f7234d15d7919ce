"""Debian's own ``upsd`` with ``dummy-ups`` as its driver, in a folder and on a port of their own, as this user."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.brokers import free_port
from tests.support.waiting import until

FOLDERS = "/lib/nut:/usr/lib/nut:/usr/libexec/nut:/lib/x86_64-linux-gnu/nut"  # Debian's /usr/sbin/upsd only wraps it
UPS = "rack"
USER, PASSWORD = "watcher", "two words"
DEADLINE_S = 90.0
MAX_AGE_S = 2


def nut_program(name: str) -> str | None:
    """Return where a program of NUT is, None if it is not installed."""
    return shutil.which(name, path=FOLDERS)


@dataclass
class Certificate:
    """A certificate of the test's own for localhost, in the forms that servers want."""

    pem: Path
    key: Path
    database: Path

    @classmethod
    def make(cls, folder: Path) -> Certificate:
        """Make it, self-signed, as PEM and as an NSS database."""
        folder.mkdir()
        made = cls(folder / "upsd.pem", folder / "upsd.key", folder / "db")
        made.database.mkdir()
        names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        _run(*openssl, "-addext", names, "-keyout", str(made.key), "-out", str(made.pem))
        bundle, secret = folder / "upsd.p12", folder / "secret"
        secret.write_text(f"{PASSWORD}\n")
        to_bundle = ["openssl", "pkcs12", "-export", "-name", "upsd", "-passout", f"file:{secret}"]
        _run(*to_bundle, "-in", str(made.pem), "-inkey", str(made.key), "-out", str(bundle))
        base = f"sql:{made.database}"
        _run("certutil", "-N", "-d", base, "-f", str(secret))
        _run("pk12util", "-i", str(bundle), "-d", base, "-k", str(secret), "-w", str(secret))
        return made


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@dataclass
class Upsd:
    """The server and its driver. ``certificate`` None: a server without TLS."""

    folder: Path
    certificate: Certificate | None = None
    port: int = field(default_factory=free_port)
    server: subprocess.Popen[bytes] | None = None
    driver: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start both, and wait until the server has data."""
        if not self.folder.exists():
            self._configure()
        self._start_driver()
        self._start_server()
        until(lambda: self.says("upsc", f"{UPS}@127.0.0.1:{self.port}", "ups.status") == "OL", "upsd has the data")

    def stop(self) -> None:
        """End the server, not the driver."""
        _end(self.server)

    def end(self) -> None:
        """End both."""
        _end(self.server)
        _end(self.driver)

    def restart(self) -> None:
        """Start the server again."""
        self._start_server()

    def hang(self) -> None:
        """Let the server hold still: connections are taken by the kernel and never answered."""
        _signal(self.server, signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on."""
        _signal(self.server, signal.SIGCONT)

    def show(self, **variables: str) -> None:
        """Set what the UPS shows; ``__`` in a name stands for a dot. The driver sees it at its next look."""
        lines = [f'{name.replace("__", ".")}: "{_escaped(value)}"\n' for name, value in variables.items()]
        self._write("".join(lines))

    def play(self, sequence: str) -> None:
        """Let the driver play a ``.seq``: variables, and ``TIMER seconds`` between them."""
        self._write(sequence)

    def lose_driver(self) -> None:
        """Kill the driver."""
        _end(self.driver)

    def regain_driver(self) -> None:
        """Start it again."""
        self._start_driver()

    def freeze(self) -> None:
        """Stop the driver without ending it: its data grow stale after MAXAGE."""
        _signal(self.driver, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        _signal(self.driver, signal.SIGCONT)

    def clients(self) -> int:
        """Return how many clients the server counts as logged in."""
        return len((self.says("upsc", "-c", f"{UPS}@127.0.0.1:{self.port}") or "").split())

    def says(self, *command: str) -> str | None:
        """Run a client; return what it prints, None if it fails."""
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self._environ())
        return None if done.returncode else done.stdout.strip()

    def _write(self, text: str) -> None:
        whole = self.folder / "whole"
        whole.write_text(text, encoding="utf-8")
        whole.replace(self.folder / "rack.dev")

    def _configure(self) -> None:
        self.folder.mkdir()
        tls = ""
        if self.certificate:
            tls = f'CERTPATH {self.certificate.database}\nCERTIDENT upsd "{PASSWORD}"\n'
        files = {
            "ups.conf": f"[{UPS}]\n driver = dummy-ups\n port = rack.dev\n mode = dummy-loop\n pollinterval = 1\n",
            "upsd.conf": f"LISTEN 127.0.0.1 {self.port}\nMAXAGE {MAX_AGE_S}\nSTATEPATH {self.folder}\n{tls}",
            "upsd.users": f'[{USER}]\n password = "{PASSWORD}"\n upsmon secondary\n',
            "rack.dev": "ups.status: OL\n",
        }
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self.folder.chmod(0o700)

    def _environ(self) -> dict[str, str]:
        here = str(self.folder)
        return {**os.environ, "NUT_CONFPATH": here, "NUT_STATEPATH": here, "NUT_ALTPIDPATH": here}

    def _start_driver(self) -> None:
        self.driver = self._start("dummy-ups", "-a", UPS)
        until(lambda: (self.folder / f"dummy-ups-{UPS}").exists(), "the driver is up")

    def _start_server(self) -> None:
        self.server = self._start("upsd")
        until(lambda: self.says("upsc", "-l", f"127.0.0.1:{self.port}") is not None, "upsd listens")

    def _start(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [nut_program(name) or name, "-F", "-u", getpass.getuser(), *options]
            return subprocess.Popen(command, env=self._environ(), stdout=log, stderr=log, cwd=self.folder)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _signal(process: subprocess.Popen[bytes] | None, number: int) -> None:
    assert process is not None
    process.send_signal(number)


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None and process.poll() is None:
        process.kill()
        process.wait()
