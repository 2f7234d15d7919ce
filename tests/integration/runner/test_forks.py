"""Services forked from one parent are processes like any other. Each test runs in a process of its own: no threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PRELUDE = """
import os, signal, subprocess, sys, threading, time
from pathlib import Path
from upskeep.runner.forks import Forks
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

def running(forks):
    log = folder / "alerter.log"
    log.unlink(missing_ok=True)
    process = forks.start("alerter", environ, log)
    until(lambda: log.exists() and "not connected" in log.read_text())  # it has caught SIGTERM before that
    return process
"""


def seen(tmp_path: Path, program: str, code: int = 0) -> str:
    """Return what a program prints that forks services, and ends with ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + program, str(tmp_path), str(ROOT / "config")],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert code == done.returncode, done.stderr
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
forks = Forks(["alerter"])
process = forks.start("alerter", environ, folder / "alerter.log")
lines = streams.accept()[0].makefile()
header = [lines.readline().strip() for _ in range(7)]
said = next(line for line in lines if "not connected" in line)
process.kill()
print(header[0], said[:3], said[3:].startswith("not connected"), (folder / "alerter.log").exists())
"""

    assert "alerter <4> True False" == seen(tmp_path, program)


def test_a_service_ends_with_the_code_it_gives(tmp_path: Path) -> None:
    program = """
forks = Forks(["alerter"])
ended = forks.start("alerter", environ | {"UPSKEEP_CONFIG": "/nowhere"}, folder / "bad.log")
process = running(forks)
assert process.poll() is None
process.send_signal(signal.SIGTERM)
process.wait(60)
killed = running(forks)
killed.kill()
print(ended.wait(60), process.wait(60), killed.wait(60), killed.poll())
"""
    assert "2 0 -9 -9" == seen(tmp_path, program)
    assert "no such file" in (tmp_path / "bad.log").read_text()


def test_a_service_has_its_own_environment_session_and_files(tmp_path: Path) -> None:
    program = """
forks = Forks(["alerter"])
process = running(forks)
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
forks = Forks(["alerter"])
process = running(forks)
process.send_signal(signal.SIGPIPE)
process.send_signal(signal.SIGTERM)
print(process.wait(60))
"""
    assert "0" == seen(tmp_path, program)


def test_services_outlive_a_killed_runner(tmp_path: Path) -> None:
    program = """
print(running(Forks(["alerter"])).pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    pid = int(seen(tmp_path, program, code=-9))
    os.kill(pid, signal.SIGTERM)
    _until_gone(pid)


def test_a_service_that_cannot_be_forked_now_starts_by_itself(tmp_path: Path) -> None:
    """While the network's thread looks up a name, it may hold locks that a child could never open."""
    program = """
from contextlib import nullcontext
rests = True
forks = Forks(["alerter"], lambda: nullcontext(rests))
suite = Supervisor(environ, folder, print, ("alerter",), forks)
suite.start()
child = suite.children["alerter"]
first, rests = child.process, False
until((folder / "data" / "alerter" / "ledger.sqlite.running").exists)
first.kill()
until(lambda: suite.watch() or child.process not in (None, first))
assert isinstance(child.process, subprocess.Popen)
suite.stop()
print(child.process.returncode)
"""
    told = seen(tmp_path, program).splitlines()
    assert "alerter ended (signal 9); it starts again in 0.2 s" == told[0]
    assert told[-1] in ("0", "-15")  # asked to stop before it could catch it


def test_a_service_forked_beside_the_networks_thread_works(tmp_path: Path) -> None:
    """As one does that starts again: the runner follows what happens all the while."""
    program = """
from shared.mqtt import MqttClient
from shared.suite import BrokerSettings
client = MqttClient(BrokerSettings(url="mqtt://127.0.0.1:9"), "runner", [])
forks = Forks(["alerter"], client.at_rest)
client.open()
process = running(forks)
process.send_signal(signal.SIGTERM)
print(process.wait(60), threading.active_count())
client.close()
"""
    assert "0 2" == seen(tmp_path, program)


@pytest.mark.parametrize("state", ["threading.Thread(target=signal.pause, daemon=True).start()", "del os.pidfd_open"])
def test_where_there_can_be_none_the_supervisor_goes_without(tmp_path: Path, state: str) -> None:
    """A process that has threads must not be forked; another system has no pidfd."""
    program = f"""
{state}
try:
    Forks(["alerter"])
except OSError as error:
    print(error)
"""
    assert seen(tmp_path, program).startswith("services are forked on Linux alone, and by a process without threads")


def _until_gone(pid: int) -> None:
    deadline = time.monotonic() + 90
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():  # a zombie has none
        assert time.monotonic() < deadline, "not within 90 s"
        time.sleep(0.01)
