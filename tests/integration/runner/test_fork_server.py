"""Services forked from one parent are processes like any other. Each test runs in a process of its own: no threads."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PRELUDE = """
import os, signal, subprocess, sys, threading, time
from pathlib import Path
from upskeep.runner.fork_server import ForkServer
from upskeep.runner.supervisor import Supervisor

folder = Path(sys.argv[1])
kept_open = open(folder / "kept open", "w")
environ = dict(os.environ) | {"UPSKEEP_CONFIG": sys.argv[2], "UPSKEEP_SUITE__DATA": str(folder / "data")}
environ |= {"UPSKEEP_SUITE__BROKER__URL": "mqtt://127.0.0.1:9"}

def until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "not within a minute"
        time.sleep(0.01)

def running(server):
    log = folder / "alerter.log"
    log.unlink(missing_ok=True)
    process = server.start("alerter", environ, log)
    until(lambda: log.exists() and "not connected" in log.read_text())  # it has caught SIGTERM before that
    return process
"""


def seen(tmp_path: Path, program: str) -> str:
    """Return what a program prints that has a fork server."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + program, str(tmp_path), str(ROOT / "config")],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def test_a_service_under_systemd_prints_into_the_journal(tmp_path: Path) -> None:
    """Under its name, with priorities, and without the time and name that the journal adds."""
    program = """
import socket
from shared import journal
journal.STREAMS = folder / "stdout"
streams = socket.socket(socket.AF_UNIX)
streams.bind(str(journal.STREAMS))
streams.listen()
streams.settimeout(60)
output = os.fstat(2)
environ["JOURNAL_STREAM"] = f"{output.st_dev}:{output.st_ino}"
server = ForkServer(["alerter"])
process = server.start("alerter", environ, folder / "alerter.log")
lines = streams.accept()[0].makefile()
header = [lines.readline().strip() for _ in range(7)]
said = next(line for line in lines if "not connected" in line)
process.kill()
print(header[0], said[:3], said[3:].startswith("not connected"), (folder / "alerter.log").exists())
"""

    assert "alerter <4> True False" == seen(tmp_path, program)


def test_a_service_ends_with_the_code_it_gives(tmp_path: Path) -> None:
    program = """
server = ForkServer(["alerter"])
ended = server.start("alerter", environ | {"UPSKEEP_CONFIG": "/nowhere"}, folder / "bad.log")
process = running(server)
assert process.poll() is None
process.send_signal(signal.SIGTERM)
process.wait(60)
killed = running(server)
killed.kill()
print(ended.wait(60), process.wait(60), killed.wait(60), killed.poll())
"""
    assert "2 0 -9 -9" == seen(tmp_path, program)
    assert "no such file" in (tmp_path / "bad.log").read_text()


def test_a_service_has_its_own_environment_session_and_files(tmp_path: Path) -> None:
    program = """
server = ForkServer(["alerter"])
process = running(server)
here = Path("/proc") / str(process.pid)
files = {os.readlink(entry) for entry in (here / "fd").iterdir() if entry.exists()}
assert str(folder / "kept open") not in files, files
assert str(folder / "alerter.log") in files, files
assert "/dev/null" == os.readlink(here / "fd" / "0")
assert os.getsid(process.pid) == process.pid
print((here / "cmdline").read_bytes().split(b"\\0")[0].decode())
process.kill()
"""
    assert "upskeep: services.alerter" == seen(tmp_path, program)


def test_who_hangs_up_ends_no_service(tmp_path: Path) -> None:
    """A write to a connection that is no more is an error there, as in every Python process."""
    program = """
server = ForkServer(["alerter"])
process = running(server)
process.send_signal(signal.SIGPIPE)
process.send_signal(signal.SIGTERM)
print(process.wait(60))
"""
    assert "0" == seen(tmp_path, program)


def test_services_outlive_a_killed_server_and_start_by_themselves_from_then_on(tmp_path: Path) -> None:
    program = """
suite = Supervisor(environ, folder, print, ("alerter",), ForkServer(["alerter"]))
suite.start()
child, server = suite.children["alerter"], suite.forks
first = child.process
until((folder / "data" / "alerter" / "ledger.sqlite.running").exists)
os.kill(server.pid, signal.SIGKILL)
os.waitpid(server.pid, 0)
suite.watch()
assert child.process is first and first.poll() is None
first.kill()
until(lambda: suite.watch() or child.process not in (None, first))
assert isinstance(child.process, subprocess.Popen)
suite.stop()
print(child.process.returncode)
"""
    told = seen(tmp_path, program).splitlines()
    assert "alerter ended (signal 9); it starts again in 0.2 s" == told[0]
    assert told[-1] in ("0", "-15")  # asked to stop before it could catch it


@pytest.mark.parametrize("state", ["threading.Thread(target=signal.pause, daemon=True).start()", "del os.pidfd_open"])
def test_where_there_can_be_none_the_supervisor_goes_without(tmp_path: Path, state: str) -> None:
    """A process that has threads must not be forked; another system has no pidfd."""
    program = f"""
{state}
try:
    ForkServer(["alerter"])
except OSError as error:
    print(error)
"""
    assert seen(tmp_path, program).startswith("a fork server needs Linux, and a process without threads")


def test_a_server_ends_with_its_runner(tmp_path: Path) -> None:
    program = """
server = ForkServer(["alerter"])
print(server.pid)
"""
    pid = int(seen(tmp_path, program))
    with pytest.raises(ProcessLookupError):
        _until_gone(pid)


def _until_gone(pid: int) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        os.kill(pid, 0)
        time.sleep(0.01)
